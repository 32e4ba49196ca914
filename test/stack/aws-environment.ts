// What a process needs in its environment to work on the sandbox's EC2, whoever's machine it is: nothing of the AWS
// account that they use otherwise. With AWS_PROFILE set, the SDK would leave the sandbox's keys aside.
import { devNull } from 'node:os';

/** Changes to an environment; what is undefined is taken out of it. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** `ambient`: the environment that it will be merged with. */
export function sandboxAws(ec2Url: string, ambient: Environment = process.env): Environment {
  const others = Object.keys(ambient).filter((name) => name.startsWith('AWS_'));
  return {
    ...Object.fromEntries(others.map((name) => [name, undefined])),
    AWS_CONFIG_FILE: devNull,
    AWS_SHARED_CREDENTIALS_FILE: devNull,
    AWS_ENDPOINT_URL_EC2: ec2Url,
    AWS_ACCESS_KEY_ID: 'sandbox',
    AWS_SECRET_ACCESS_KEY: 'sandbox',
  };
}
