// The API objects as the API server sends them, cut down to the fields that we read or write.
// They say nothing about validity: parse them (egressipam.ts, annotation.ts) before you trust them.

export interface ObjectMeta {
  readonly name: string;
  readonly generateName?: string;
  readonly namespace?: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly finalizers?: readonly string[];
  readonly ownerReferences?: readonly OwnerReference[];
}

export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
}

export interface KubeObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: ObjectMeta;
}

/** metav1.Condition. */
export interface Condition {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: string;
  readonly message: string;
  /** RFC 3339. */
  readonly lastTransitionTime: string;
  readonly observedGeneration?: number;
}

export interface NamespaceObject extends KubeObject {
  readonly spec?: { readonly finalizers?: readonly string[] };
  readonly status?: { readonly phase?: 'Active' | 'Terminating' };
}

export interface NodeObject extends KubeObject {
  readonly spec?: { readonly providerID?: string; readonly unschedulable?: boolean };
  readonly status?: {
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
    readonly addresses?: readonly { readonly type: string; readonly address: string }[];
  };
}

/** network.openshift.io/v1, one per namespace, made by OpenShift SDN. */
export interface NetNamespaceObject extends KubeObject {
  readonly netname: string;
  readonly netid: number;
  readonly egressIPs?: readonly string[];
}

/** network.openshift.io/v1, one per node, made by OpenShift SDN. */
export interface HostSubnetObject extends KubeObject {
  readonly host: string;
  readonly hostIP: string;
  readonly subnet: string;
  readonly egressIPs?: readonly string[];
  readonly egressCIDRs?: readonly string[];
}

export interface LabelSelectorObject {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: string;
    readonly values?: readonly string[];
  }[];
}

/** redhatcop.redhat.io/v1alpha1, cluster-scoped; the Go operator's schema plus two optional fields of ours. */
export interface EgressIPAMObject extends KubeObject {
  readonly spec: {
    readonly cidrAssignments: readonly {
      readonly CIDR: string;
      readonly labelValue: string;
      readonly reservedIPs?: readonly string[];
    }[];
    readonly topologyLabel: string;
    readonly nodeSelector?: LabelSelectorObject;
    /** Go duration; how long a released IP rests before anybody else may have it. */
    readonly reuseGracePeriod?: string;
    readonly capacityPolicy?: string;
  };
  readonly status?: EgressIPAMStatus;
}

/** Written by the reconciler alone, and only when something changed. */
export interface EgressIPAMStatus {
  readonly observedGeneration?: number;
  /** Where IPs have to be assigned to interfaces: `aws`; `none` where a HostSubnet is all it takes. */
  readonly cloud?: 'aws' | 'none';
  readonly cidrs?: readonly CIDRStatus[];
  /** Sums over `cidrs`, for the columns of `kubectl get`. */
  readonly allocated?: number;
  readonly free?: number;
  readonly conditions?: readonly Condition[];
}

export interface CIDRStatus {
  readonly CIDR: string;
  readonly labelValue: string;
  /** Addresses of the CIDR, and those of them that may ever be handed out. */
  readonly size: number;
  readonly usable: number;
  readonly allocated: number;
  readonly resting: number;
  readonly free: number;
  /** How many more IPs of this CIDR the nodes could host besides those allocated; absent: no limit is known to exist. */
  readonly freeHostSlots?: number;
  /** Addresses in the CIDR that the cloud keeps or uses and that are not ours: `a` or `a-b`, ascending, at most 500. */
  readonly inUse?: readonly string[];
}

export type Phase = 'Claimed' | 'Bound' | 'Releasing' | 'Resting';

/** redhatcop.redhat.io/v1alpha1 EgressIPAllocation: named by its canonical IP; creating it is the claim. */
export interface AllocationObject extends KubeObject {
  readonly spec: {
    readonly egressIPAM: string;
    readonly cidr: string;
    /** Empty until a `generateName` namespace has a name. */
    readonly namespace: string;
    /** A token, new each time the allocation is created or retaken. */
    readonly claim: string;
  };
  /** The reconciler's alone. */
  readonly status?: {
    readonly namespaceUID?: string;
    readonly node?: string;
    readonly interface?: string;
    /** None means `Claimed`. */
    readonly phase?: Phase;
    readonly conditions?: readonly Condition[];
  };
}

export interface LeaseObject extends KubeObject {
  readonly spec?: {
    readonly holderIdentity?: string;
    readonly leaseDurationSeconds?: number;
    readonly acquireTime?: string;
    readonly renewTime?: string;
    readonly leaseTransitions?: number;
  };
}

export interface InfrastructureObject extends KubeObject {
  readonly status?: {
    readonly platformStatus?: { readonly type?: string; readonly aws?: { readonly region?: string } };
  };
}

export interface SecretObject extends KubeObject {
  readonly type?: string;
  /** Values are base64. */
  readonly data?: Readonly<Record<string, string>>;
}
