/** Label of the Kubernetes objects of a ClusterProbe; its value is the probe's name. `clearpath collect` finds pods by it. */
export const PROBE_LABEL = "clearpath/probe";
/** Key of the plan in a ClusterProbe's ConfigMap, for whoever reads its pods' logs. */
export const PLAN_KEY = "plan.json";
