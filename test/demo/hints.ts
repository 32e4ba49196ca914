// What can one do with the cluster while the demo is up? Commands for another terminal, each of which works as it stands.
import { EGRESSIPAM_ANNOTATION } from '../../shared/names.ts';

export interface Pointers {
  /** Path of the administrator's. */
  readonly kubeconfig: string;
  /** null on bare metal. */
  readonly ec2Url: string | null;
  readonly region: string | null;
  /** The sample's name. */
  readonly egressIPAM: string;
}

/** `plain` is the namespace that has not opted in. Lines without a newline at the end. */
export function hints({ kubeconfig, ec2Url, region, egressIPAM }: Pointers, plain: string): string {
  const aws =
    ec2Url === null
      ? []
      : [
          '',
          'and the AWS CLI, which any keys will do for:',
          '',
          `  export AWS_ENDPOINT_URL=${ec2Url} AWS_DEFAULT_REGION=${region}`,
          '  export AWS_ACCESS_KEY_ID=sandbox AWS_SECRET_ACCESS_KEY=sandbox',
          '  aws ec2 describe-network-interfaces',
        ];
  return [
    'Point kubectl at it from another terminal:',
    '',
    `  export KUBECONFIG=${kubeconfig}`,
    '  kubectl get egressipams,egressipallocations',
    `  kubectl annotate namespace ${plain} ${EGRESSIPAM_ANNOTATION}=${egressIPAM}`,
    ...aws,
    '',
    'It ends with Ctrl-C.',
  ].join('\n');
}
