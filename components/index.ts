/** What programs import from `pulumi-clearpath`: the components, and the resources they are made of. */
export { Egress } from "../provider/resources/egress.ts";
export { File } from "../provider/resources/file.ts";
export { LinkMtu } from "../provider/resources/linkMtu.ts";
export { NftTable } from "../provider/resources/nftTable.ts";
export { Packages } from "../provider/resources/packages.ts";
export { PathMtu } from "../provider/resources/pathMtu.ts";
export { Registries } from "../provider/resources/registries.ts";
export { ServerCertificate } from "../provider/resources/serverCertificate.ts";
export { SystemdUnit } from "../provider/resources/systemdUnit.ts";
export { WarmImages } from "../provider/resources/warmImages.ts";
export type { ConnectionArgs } from "./arguments.ts";
export { ClusterEgress, type ClusterEgressArgs, type ProbeSummary } from "./clusterEgress.ts";
export { ClusterProbe, type ClusterProbeArgs } from "./clusterProbe.ts";
export { EgressProbe, type EgressProbeArgs, type VantagePointArgs } from "./egressProbe.ts";
export { GatewayPath, type GatewayPathArgs } from "./gatewayPath.ts";
export { HostPrerequisites, type HostPrerequisitesArgs } from "./hostPrerequisites.ts";
export type { GatewayArgs, HostArgs, NodeArgs } from "./hosts.ts";
export { K3sRegistries, type K3sRegistriesArgs } from "./k3sRegistries.ts";
export { MirrorFuse, type MirrorFuseArgs } from "./mirrorFuse.ts";
export { NodeMtu, type NodeMtuArgs } from "./nodeMtu.ts";
export type { ClusterCacheArgs } from "./pullThrough/clusterCache.ts";
export type { RegistryBinary } from "./pullThrough/hostCache.ts";
export type { ContainerArgs } from "./pullThrough/proxmoxContainer.ts";
export {
    type CachePlacement,
    PullThroughRegistry,
    type PullThroughRegistryArgs,
    type UpstreamArgs,
    type WarmResult,
} from "./pullThroughRegistry.ts";
export { SecretGate, type SecretGateArgs } from "./secretGate.ts";
