// One call of a webhook over TLS, on connections that are kept. Errors are spelled as Go's HTTP client spells them,
// because their text reaches the user.
import type { IncomingMessage } from 'node:http';
import { Agent, type RequestOptions, request as sendRequest } from 'node:https';
import { isIP } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { parseJson } from '../go-json.ts';
import type { Endpoint } from './endpoint.ts';

/** The webhook could not be called or did not answer; whether it is passed over is its failure policy's business. */
export class CallFailure extends Error {}

const LONGEST_ANSWER = 16 * 1024 * 1024;

export class WebhookCaller {
  readonly #agents = new Map<string, Agent>();

  /** The parsed body of the answer. Rejects with CallFailure. */
  async call(
    endpoint: Endpoint,
    ca: string | undefined,
    timeout: { readonly seconds: number; readonly milliseconds: number },
    body: string,
  ): Promise<unknown> {
    const url = urlOf(endpoint, timeout.seconds);
    const path = url.slice(`https://${endpoint.authority}`.length);
    const signal = AbortSignal.timeout(Math.max(0, Math.ceil(timeout.milliseconds)));
    const options: RequestOptions = {
      agent: this.#agent(ca),
      host: endpoint.host,
      port: endpoint.port,
      ...(endpoint.serverName === undefined ? {} : { servername: endpoint.serverName }),
      method: 'POST',
      path,
      signal,
      headers: {
        Host: endpoint.authority,
        'User-Agent': 'kube-apiserver-admission',
        'Content-Length': Buffer.byteLength(body),
        Accept: 'application/json, */*',
        'Content-Type': 'application/json',
        'Accept-Encoding': 'gzip',
      },
    };
    try {
      const { code, text } = await post(options, body);
      if (code < 200 || code >= 300) throw new CallFailure(serverError(code, text));
      return parsed(text);
    } catch (error) {
      if (error instanceof CallFailure) throw error;
      throw new CallFailure(`Post "${url}": ${inGoWords(error, endpoint, signal)}`, { cause: error });
    }
  }

  close(): void {
    for (const agent of this.#agents.values()) agent.destroy();
  }

  #agent(ca: string | undefined): Agent {
    const key = ca ?? '';
    let agent = this.#agents.get(key);
    if (agent === undefined) {
      agent = new Agent({ keepAlive: true, ...(ca === undefined ? {} : { ca }) });
      this.#agents.set(key, agent);
    }
    return agent;
  }
}

/** Where a webhook is called: it is told how long it has. */
export function urlOf({ authority, path }: Pick<Endpoint, 'authority' | 'path'>, seconds: number): string {
  return `https://${authority}${path}${path.includes('?') ? '&' : '?'}timeout=${seconds}s`;
}

interface RawAnswer {
  readonly code: number;
  readonly text: string;
}

/** A kept connection that the other side has just closed is no failure: the call goes out once more. */
async function post(options: RequestOptions, body: string): Promise<RawAnswer> {
  const { promise, reused } = send(options, body);
  try {
    return await promise;
  } catch (error) {
    if (!reused() || codeOf(error) !== 'ECONNRESET') throw error;
    return send(options, body).promise;
  }
}

function send(options: RequestOptions, body: string): { promise: Promise<RawAnswer>; reused: () => boolean } {
  const request = sendRequest(options);
  const promise = new Promise<RawAnswer>((resolve, reject) => {
    request.on('error', reject);
    request.on('response', (response) => {
      read(response).then((text) => resolve({ code: response.statusCode ?? 0, text }), reject);
    });
  });
  request.end(body);
  return { promise, reused: () => request.reusedSocket };
}

async function read(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > LONGEST_ANSWER) throw new CallFailure('http: response body too large');
    chunks.push(chunk);
  }
  const body = Buffer.concat(chunks);
  return (response.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body).toString();
}

function parsed(text: string): unknown {
  try {
    return parseJson(text);
  } catch (error) {
    throw new CallFailure(`couldn't get version/kind; json parse error: ${(error as Error).message}`);
  }
}

const SENTENCES: Readonly<Record<number, string>> = {
  400: 'the server rejected our request for an unknown reason',
  401: 'the server has asked for the client to provide credentials',
  404: 'the server could not find the requested resource',
  405: 'the server does not allow this method on the requested resource',
  409: 'the server reported a conflict',
  406: 'the server was unable to respond with a content type that the client supports',
  415: 'the server was unable to process the media type of the request',
  422: 'the server rejected our request due to an error in our request',
  429: 'the server has received too many requests and has asked us to try again later',
  503: 'the server is currently unable to handle the request',
  504: 'the server was unable to return a response in the time allotted, but may still be processing the request',
};

/** Whoever answers with these is taken at its word. */
const VERBATIM: ReadonlySet<number> = new Set([403, 413]);

function serverError(code: number, text: string): string {
  const known = SENTENCES[code];
  if (known !== undefined) return known;
  if (VERBATIM.has(code)) return text.trim() || 'unknown';
  const said = JSON.stringify(text.trim() || 'unknown');
  if (code >= 500) return `an error on the server (${said}) has prevented the request from succeeding`;
  return `the server responded with the status code ${code} but did not return more information`;
}

const UNKNOWN_AUTHORITY: ReadonlySet<string> = new Set([
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'CERT_SIGNATURE_FAILURE',
]);

function inGoWords(error: unknown, { host, port, serverName }: Endpoint, signal: AbortSignal): string {
  const code = codeOf(error);
  const unverified = 'tls: failed to verify certificate: x509:';
  if (signal.aborted) return 'context deadline exceeded';
  if (code === 'ECONNREFUSED') return `dial tcp ${host}:${port}: connect: connection refused`;
  if (code === 'ECONNRESET' || code === 'EPIPE') return 'EOF';
  if (code === 'EPROTO') return 'http: server gave HTTP response to HTTPS client';
  if (code === 'ENOTFOUND') return `dial tcp: lookup ${host}: no such host`;
  if (UNKNOWN_AUTHORITY.has(code)) return `${unverified} certificate signed by unknown authority`;
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID') {
    return `${unverified} certificate has expired or is not yet valid`;
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return `${unverified.slice(0, -'x509:'.length)}${nameFault(error, serverName ?? host)}`;
  }
  return error instanceof Error ? error.message : String(error);
}

/** A certificate for others, as Go tells it of names and of addresses. */
function nameFault(error: unknown, wanted: string): string {
  const { cert } = error as { cert?: { subjectaltname?: string } };
  const entries = (cert?.subjectaltname ?? '').split(', ');
  const named = (prefix: string) =>
    entries.filter((entry) => entry.startsWith(prefix)).map((entry) => entry.slice(prefix.length));
  const address = isIP(wanted) !== 0;
  const valid = address ? named('IP Address:') : named('DNS:');
  if (valid.length > 0) return `x509: certificate is valid for ${valid.join(', ')}, not ${wanted}`;
  return address
    ? `x509: cannot validate certificate for ${wanted} because it doesn't contain any IP SANs`
    : `x509: certificate is not valid for any names, but wanted to match ${wanted}`;
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}
