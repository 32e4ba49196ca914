// What is said of patches that cannot be read, that make something unreadable, or that may not be asked for.
import t from 'tap';
import { HOST_SUBNETS } from '../../../../shared/kube/resources.ts';
import { serverFor, statusOf } from '../testing/exchange.ts';
import { installHostSubnets } from '../testing/scene.ts';

const NAMESPACE = '/api/v1/namespaces/default';
const SUBNETS = '/apis/network.openshift.io/v1/hostsubnets';
const SUBNET = { host: 'n1', hostIP: '10.0.0.1', subnet: '10.128.0.0/23' };

t.test(
  'a patch that cannot be read, or makes what cannot be read, is refused in its own words',
  async (t) => {
    const { api, exchange } = await serverFor(t);
    await installHostSubnets(api.client);
    await api.client.create(HOST_SUBNETS, { metadata: { name: 'n1' }, ...SUBNET });
    const [json, merge, strategic, apply] = [
      'json-patch+json',
      'merge-patch+json',
      'strategic-merge-patch+json',
      'apply-patch+yaml',
    ];
    const typed = (fields: string) =>
      `{"apiVersion":"network.openshift.io/v1","kind":"HostSubnet",${fields}}`;
    const undeclared =
      'failed to create typed patch object (/n1; network.openshift.io/v1, Kind=HostSubnet): ';
    const rows: readonly (readonly [
      type: string,
      path: string,
      body: string,
      code: number,
      message: string | RegExp,
    ])[] = [
      [
        json,
        NAMESPACE,
        'foo',
        400,
        "error decoding patch: invalid character 'o' in literal false (expecting 'a')",
      ],
      [
        json,
        NAMESPACE,
        '{}',
        400,
        'error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp',
      ],
      [
        json,
        NAMESPACE,
        '[1]',
        400,
        'error decoding patch: json: cannot unmarshal number into Go value of type handlers.jsonPatchOp',
      ],
      [
        merge,
        NAMESPACE,
        '[]',
        400,
        'error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}',
      ],
      [
        strategic,
        NAMESPACE,
        '[]',
        400,
        'json: cannot unmarshal array into Go value of type map[string]interface {}',
      ],
      [strategic, NAMESPACE, '{"$patch":"foo"}', 500, 'unknown patch type: foo in map: map[$patch:foo]'],
      [
        merge,
        NAMESPACE,
        '{"kind":"Pod"}',
        422,
        /^ "" is invalid: patch: Invalid value: "\{.*\}": converting \(v1.Pod\) to \(core.Namespace\): unknown conversion$/,
      ],
      [
        merge,
        NAMESPACE,
        '{"metadata":{"labels":{"a":1}}}',
        422,
        /json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string$/,
      ],
      [
        strategic,
        NAMESPACE,
        '{"metadata":{"labels":{"a":1}}}',
        422,
        ' "" is invalid: patch: Invalid value: "map[metadata:map[labels:map[a:1]]]": cannot convert int64 to string',
      ],
      [
        merge,
        `${SUBNETS}/n1`,
        '{"metadata":{"uid":"x"}}',
        422,
        'HostSubnet.network.openshift.io "n1" is invalid: metadata.uid: Invalid value: "x": field is immutable',
      ],
      [
        merge,
        `${SUBNETS}/n1`,
        '{"metadata":{"resourceVersion":"x"}}',
        500,
        'strconv.ParseUint: parsing "x": invalid syntax',
      ],
      [
        apply,
        `${SUBNETS}/n1?fieldManager=m`,
        'foo',
        400,
        'error decoding YAML: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal string into Go value of type map[string]interface {}',
      ],
      [
        apply,
        `${SUBNETS}/n1?fieldManager=m`,
        'a: b: c',
        400,
        /^error decoding YAML: error converting YAML to JSON: yaml: /,
      ],
      [
        apply,
        `${SUBNETS}/n1?fieldManager=m`,
        '{"apiVersion":"v2","kind":"HostSubnet"}',
        400,
        'Incorrect version specified in apply patch. Specified patch version: v2, expected: network.openshift.io/v1',
      ],
      [
        apply,
        `${SUBNETS}/n1?fieldManager=m`,
        typed('"metadata":{"name":"n1"},"nope":1'),
        500,
        `${undeclared}.nope: field not declared in schema`,
      ],
      [
        apply,
        `${SUBNETS}/n1?fieldManager=m&fieldValidation=Ignore`,
        typed('"metadata":{"name":"n1","no":1},"host":2,"egressIPs":["a",1]'),
        500,
        `${undeclared}errors:\n  .metadata.no: field not declared in schema\n  .host: expected string, got &value.valueUnstructured{Value:2}\n  .egressIPs[1]: expected string, got &value.valueUnstructured{Value:1}`,
      ],
      [
        apply,
        `${SUBNETS}/n1?fieldManager=m`,
        typed('"metadata":{"name":"n2"}'),
        400,
        'the name of the object (n2) does not match the name on the URL (n1)',
      ],
      [
        apply,
        `${SUBNETS}/n2?fieldManager=m`,
        typed('"host":"n2"'),
        400,
        'the name of the object (n2 based on URL) was undeterminable: name must be provided',
      ],
      [
        merge,
        `${SUBNETS}/n1?force=true`,
        '{}',
        422,
        'PatchOptions.meta.k8s.io "" is invalid: force: Forbidden: may not be specified for non-apply patch',
      ],
      [
        merge,
        `${SUBNETS}/n1?fieldManager=${'m'.repeat(129)}`,
        '{}',
        422,
        'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Too long: may not be more than 128 bytes',
      ],
    ];
    for (const [type, path, body, code, message] of rows) {
      const headers = { 'content-type': `application/${type}` };
      const received = await exchange({ method: 'PATCH', path, headers, body });
      t.equal(received.status, code, `${type} ${body}`);
      t.match(statusOf(received), { message, code });
    }
  },
);
