/** What programs and scripts call: `import { diagnose } from "pulumi-clearpath/cluster/index.js"`. */
export { ApiFailure } from "./api/apiFailure.ts";
export { ClusterApi } from "./api/clusterApi.ts";
export { type KubeconfigSource, KubeconfigUnusable, kubeconfigOf } from "./api/kubeconfig.ts";
export { type DiagnoseOptions, diagnose } from "./diagnose/diagnose.ts";
export type { Diagnosis } from "./diagnose/diagnosis.ts";
export { diagnosisMarkdown } from "./diagnose/markdown.ts";
export { diagnosisText } from "./diagnose/text.ts";
export { type UngroupedImage, ungroupedImages } from "./images/usedImages.ts";
export type { Finding, LintResult } from "./lint/finding.ts";
export { type LintOptions, lint } from "./lint/lint.ts";
export { bootstrapSecrets, type GateOptions, type GateResult, secretGate } from "./secrets/secretGate.ts";
export { GateOutcome, GateSettings, WantedSecret } from "./secrets/settings.ts";
