/** K3s's `data-dir` unless it is set. */
export const DEFAULT_DATA_DIR = "/var/lib/rancher/k3s";
