import type { FailureCause } from "../../../../cluster/diagnose/failureCause.ts";

/**
 * Messages as the kubelet, containerd, CRI-O, cri-dockerd, Docker, Flux's source-controller and External Secrets write
 * them, with names and addresses of examples in place of real ones.
 */
export const MESSAGES: readonly [FailureCause, string][] = [
    [
        "timeout",
        'failed to pull and unpack image "docker.io/library/nginx:1.27.404": failed to copy: httpReadSeeker: failed open: failed to do request: Get "https://production.cloudflare.docker.com/registry-v2/docker/registry/v2/blobs/sha256/f7/f736/data?verify=1646639722-2wX": dial tcp 104.18.125.25:443: i/o timeout',
    ],
    [
        "reset",
        'rpc error: code = Unknown desc = failed to pull and unpack image "docker.io/rancher/mirrored-metrics-server:v0.5.2": failed to copy: httpReaderSeeker: failed open: failed to do request: Get "https://production.cloudflare.docker.com/registry-v2/docker/registry/v2/blobs/sha256/f7/f73640fb506199d02192ef1dc99404aeb1afec43a9f7dad5de96c09eda17cd71/data?verify=1646639722-2wX9zENAiV%2FgTE%2Brzh46EwHC%2BAg%3D": EOF',
    ],
    [
        "reset",
        'failed to pull and unpack image "docker.io/rancher/pause:3.1": failed to copy: httpReaderSeeker: failed open: failed to do request: Get "https://production.cloudflare.docker.com/registry-v2/x": read tcp 192.168.8.32:46564->104.18.123.25:443: read: connection reset by peer',
    ],
    [
        "reset",
        'failed to copy: httpReadSeeker: failed open: failed to do request: Get "https://ghcr.io/v2/a/b/blobs/sha256:12": http2: server sent GOAWAY and closed the connection; LastStreamID=1999, ErrCode=NO_ERROR, debug=""',
    ],
    ["reset", "failed to pull image: failed to copy: stream error: stream ID 3; INTERNAL_ERROR; received from peer"],
    ["damaged", "failed to copy: local error: tls: bad record MAC"],
    [
        "damaged",
        'rpc error: code = FailedPrecondition desc = failed to pull and unpack image "docker.io/library/mongo:4.4": failed commit on ref "layer-sha256:16ec32c2132b43494832a05f2b02f7a822479f8250c173d0ab27b3de78b2f058": unexpected commit digest sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855, expected sha256:16ec32c2132b43494832a05f2b02f7a822479f8250c173d0ab27b3de78b2f058: failed precondition',
    ],
    [
        "damaged",
        'failed commit on ref "layer-sha256:aa11": "layer-sha256:aa11" failed size validation: 12467913 != 94124544: failed precondition',
    ],
    [
        "protocol",
        'failed to do request: Head "https://registry.lan:5000/v2/a/manifests/1": http: server gave HTTP response to HTTPS client',
    ],
    [
        "proxy",
        'failed to do request: Head "https://ghcr.io/v2/": proxyconnect tcp: dial tcp 10.0.0.1:3128: connect: connection refused',
    ],
    ["proxy", 'Error response from daemon: Get "https://registry-1.docker.io/v2/": Proxy Authentication Required'],
    [
        "dns",
        'pinging container registry quay.io: Get "https://quay.io/v2/": dial tcp: lookup quay.io on 10.0.0.2:53: server misbehaving',
    ],
    [
        "dns",
        'rpc error: code = Unknown desc = error pinging docker registry k8s.gcr.io: Get "https://k8s.gcr.io/v2/": dial tcp: lookup k8s.gcr.io: device or resource busy',
    ],
    [
        "dns",
        'failed to do request: Head "https://ghcr.io/v2/": dial tcp: lookup ghcr.io on 10.0.0.1:53: read udp 10.0.0.5:4444->10.0.0.1:53: i/o timeout',
    ],
    [
        "timeout",
        "net/http: request canceled while waiting for connection (Client.Timeout exceeded while awaiting headers)",
    ],
    ["timeout", "failed to copy: read tcp 10.0.0.1:1->1.2.3.4:443: read: connection timed out"],
    ["unreachable", "dial tcp [2606:50c0::1]:443: connect: network is unreachable"],
    [
        "unreachable",
        'initializing source docker://quay.io/a/b:1: pinging container registry quay.io: Get "https://quay.io/v2/": dial tcp 34.1.1.1:443: connect: no route to host',
    ],
    [
        "not-found",
        "failed to copy: httpReadSeeker: failed open: content at https://ghcr.io/v2/a/b/manifests/sha256:34ae38286287fb088ca5c783fbab8b99961bd77218f125907c8fc056d42e3d78 not found: not found",
    ],
    [
        "not-found",
        "initializing source docker://quay.io/a/b:500: reading manifest 500 in quay.io/a/b: manifest unknown",
    ],
    [
        "auth",
        "Error reading manifest latest in docker.io/team/busybox: errors: denied: requested access to the resource is denied unauthorized: authentication required",
    ],
    [
        "auth",
        'failed to resolve reference "ghcr.io/a/b:1": failed to authorize: failed to fetch anonymous token: unexpected status from GET request to https://ghcr.io/token?scope=repository%3Aa%2Fb%3Apull&service=ghcr.io: 403 Forbidden',
    ],
    [
        "auth",
        "pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed",
    ],
    [
        "auth",
        "Error response from daemon: pull access denied for team/x, repository does not exist or may require 'docker login': denied: requested access to the resource is denied",
    ],
    [
        "upstream",
        "unexpected status from HEAD request to https://127.0.0.1:6443/v2/example/myimage/manifests/1.0.0?ns=docker.io: 500 Internal Server Error",
    ],
    ["upstream", "received unexpected HTTP status: 503 Service Unavailable"],
    [
        "upstream",
        "failed to copy: httpReadSeeker: failed open: unexpected status code https://registry-1.docker.io/v2/library/nginx/blobs/sha256:aa: 502 Bad Gateway",
    ],
    [
        "rate-limit",
        "failed to copy: httpReadSeeker: failed open: unexpected status code https://registry-1.docker.io/v2/rancher/mirrored-pause/manifests/sha256:74: 429 Too Many Requests - Server message: toomanyrequests: You have reached your pull rate limit.",
    ],
    [
        "rate-limit",
        "reading manifest 3.19 in docker.io/library/alpine: toomanyrequests: You have reached your unauthenticated pull rate limit. https://www.docker.com/increase-rate-limit",
    ],
    [
        "certificate",
        'failed to do request: Head "https://traefik.local/v2/": tls: failed to verify certificate: x509: certificate is valid for a.traefik.default, not traefik.local',
    ],
    [
        "certificate",
        'Get "https://reg:5000/v2/": x509: certificate signed by unknown authority (possibly because of "crypto/rsa: verification error")',
    ],
    [
        "certificate",
        "tls: failed to verify certificate: x509: cannot validate certificate for 10.0.0.5 because it doesn't contain any IP SANs",
    ],
    ["protocol", "failed to resolve image: unexpected media type text/html for sha256:aa: not found"],
    [
        "protocol",
        "failed to pull and unpack image \"x/y:1\": failed to unmarshal manifest: invalid character '<' looking for beginning of value",
    ],
    [
        "signature",
        "SignatureValidationFailed: image pull failed for quay.io/a/b:1 because the signature validation failed: Source image rejected: A signature was required, but no signature exists",
    ],
    [
        "runtime",
        "failed to extract layer sha256:84ec: mount callback failed on /var/lib/x: archive/tar: invalid tar header: unknown",
    ],
    [
        "runtime",
        'rpc error: code = Unavailable desc = connection error: desc = "transport: Error while dialing: dial unix /run/k3s/containerd/containerd.sock: connect: connection refused"',
    ],
    [
        "runtime",
        'failed to pull and unpack image "docker.io/a/b:1": failed to resolve reference "docker.io/a/b:1": failed to get content: content digest sha256:aa11: not found',
    ],
    ["runtime", 'ImageInspectError: Failed to inspect image "a/b:1": rpc error: code = Unknown desc = layer not known'],
    [
        "runtime",
        'failed to prepare extraction snapshot "extract-123 sha256:aa": mkdir /var/lib/containerd/x: permission denied',
    ],
    [
        "disk",
        'failed to pull and unpack image "docker.io/a/b:1": failed to extract layer sha256:aa: write /var/x: read-only file system',
    ],
    ["disk", "failed to copy: write /var/lib/x/ingest/data: input/output error"],
    ["limits", 'Get "https://ghcr.io/v2/": dial tcp: lookup ghcr.io: too many open files'],
    [
        "limits",
        'failed to do request: Head "https://ghcr.io/v2/": dial tcp 192.0.2.1:443: connect: cannot assign requested address',
    ],
    [
        "firewall",
        'failed to do request: Head "https://ghcr.io/v2/": dial tcp 192.0.2.1:443: connect: operation not permitted',
    ],
    ["no-space", "failed to create tmp file: mkdir /var/lib/a: no space left on device"],
    ["platform", "no matching manifest for linux/arm64/v8 in the manifest list entries"],
    ["platform", 'failed to pull and unpack image "docker.io/a/b:1": no match for platform in manifest: not found'],
    [
        "invalid-name",
        'Failed to apply default image tag "Nginx:1": couldn\'t parse image name "Nginx:1": invalid reference format: repository name must be lowercase',
    ],
    ["never-pulled", 'ErrImageNeverPull: Container image "a/b:401" is not present with pull policy of Never'],
    [
        "pod-network",
        'failed to setup network for sandbox "34be": failed to find plugin "loopback" in path [/opt/cni/bin]',
    ],
    [
        "pod-network",
        'failed to create pod network sandbox k8s_a_b(1): error adding pod a to CNI network "cbr0": plugin type="bridge" failed (add): failed to allocate for range 0: no IP addresses available in range set: 10.42.0.1-10.42.0.254',
    ],
    [
        "pod-network",
        'failed to set up sandbox container "12" network for pod "a": networkPlugin cni failed to set up pod "a" network: open /run/flannel/subnet.env: no such file or directory',
    ],
    ["timeout", "unable to clone 'ssh://git@github.com/team/fleet', error: context deadline exceeded"],
    [
        "not-found",
        "failed to checkout and determine revision: unable to clone 'https://github.com/a/b.git': couldn't find remote ref \"refs/heads/main\"",
    ],
    [
        "auth",
        "failed to checkout and determine revision: unable to list remote for 'https://github.com/a/b': authentication required: Invalid username or token",
    ],
    ["auth", "failed to get secret 'flux-system/ghcr-auth': secrets \"ghcr-auth\" not found"],
    ["auth", 'failed to configure authentication options: secrets "ghcr-auth" not found'],
    [
        "auth",
        "failed to checkout and determine revision: unable to clone: ssh: handshake failed: ssh: unable to authenticate, attempted methods [none publickey], no supported methods remain",
    ],
    [
        "not-found",
        "failed to fetch Helm repository index: failed to cache index to temporary file: failed to fetch https://charts.example.com/index.yaml : 404 Not Found",
    ],
    [
        "not-found",
        "failed to determine artifact digest: GET https://ghcr.io/v2/team/app/manifests/1: MANIFEST_UNKNOWN: manifest unknown",
    ],
    [
        "auth",
        "failed to determine artifact digest: GET https://ghcr.io/token?scope=repository%3Ateam%2Fapp%3Apull&service=ghcr.io: DENIED: denied",
    ],
    [
        "auth",
        "failed to determine artifact digest: GET https://ghcr.io/token?scope=x: UNAUTHORIZED: authentication required",
    ],
    [
        "not-found",
        "chart pull error: failed to get chart version for remote reference: no 'podinfo' chart with version matching '9.x' found",
    ],
    [
        "not-found",
        "invalid chart reference: failed to get chart version for remote reference: no chart version found for podinfo-9.9.9",
    ],
    ["upstream", "failed to fetch https://x.github.io/index.yaml : 503 Service Unavailable"],
    ["reset", "unable to clone: unexpected EOF"],
    [
        "signature",
        "failed to verify the signature using provider 'cosign': no matching signatures were found for 'ghcr.io/a/b:1'",
    ],
    ["tls-timeout", 'failed to get chart: Get "https://x/y.tgz": net/http: TLS handshake timeout'],
    ["rate-limit", "ThrottlingException: Rate exceeded status code: 400, request id: d9102921-b4ae"],
    [
        "timeout",
        'rpc error: code = Canceled desc = failed to pull and unpack image "ghcr.io/team/a:1": failed to copy: context canceled',
    ],
    ["other", "a sentence that nobody foresaw"],
    [
        "reset",
        "error pulling image configuration: download failed after attempts=6: read tcp 10.8.162.33:65354->10.1.100.60:80: wsarecv: An existing connection was forcibly closed by the remote host.",
    ],
    [
        "reset",
        "failed to resolve source metadata for docker.io/library/python:3.12: short read: expected 5711 bytes but got 4588: unexpected EOF",
    ],
    ["runtime", 'failed to start sandbox container task "05db483a": ttrpc: closed: unknown'],
    [
        "pod-network",
        'failed to setup network for sandbox "302404d3": error adding container to network "mgmt": address already in use',
    ],
    [
        "certificate",
        'failed to fetch Helm repository index: failed to cache index to temporary file: Get "https://charts.example.com/index.yaml": tls: failed to verify certificate: x509: certificate has expired or is not yet valid: current time 2023-11-11T11:38:43Z is after 2023-02-07T23:59:59Z',
    ],
    [
        "protocol",
        'failed to fetch Helm repository index: failed to cache index to temporary file: Get "https://charts.example.com/index.yaml": remote error: tls: unrecognized name',
    ],
    [
        "timeout",
        'failed to download artifact, error: GET http://source-controller.flux-system.svc.cluster.local./helmchart/a.tgz giving up after 10 attempt(s): Get "http://source-controller.flux-system.svc.cluster.local./helmchart/a.tgz": dial tcp 172.20.55.99:80: i/o timeout',
    ],
    [
        "dns",
        'chart pull error: failed to download chart for remote reference: Get "https://github.com/a/b/releases/download/c-0.7.0/c-0.7.0.tgz": dial tcp: lookup github.com: i/o timeout',
    ],
    [
        "auth",
        "failed to fetch Helm repository index: failed to cache index to temporary file: failed to fetch https://charts.example.com/index.yaml : 403 Forbidden",
    ],
    [
        "not-found",
        "failed to determine artifact digest: GET https://github.com/-/v2/packages/container/package/a%2Fb: unexpected status code 404 Not Found: Not Found",
    ],
    ["protocol", "failed to extract layer contents from artifact: requires gzip-compressed body: gzip: invalid header"],
    [
        "upstream",
        "failed to copy: httpReadSeeker: failed open: unexpected status code https://mirror.example.com/v2/library/nginx/blobs/sha256:566e?ns=docker.io: 400 Bad Request",
    ],
    [
        "dns",
        'Get "https://registry-1.docker.io/v2/": dial tcp: lookup registry-1.docker.io on 127.0.0.53:53: Temporary failure in name resolution',
    ],
    [
        "timeout",
        'failed to resolve reference "docker.io/library/nginx:latest": failed to authorize: failed to fetch anonymous token: Get "https://auth.docker.io/token?scope=repository%3Alibrary%2Fnginx%3Apull&service=registry.docker.io": dial tcp 192.0.2.222:443: i/o timeout',
    ],
    [
        "refused",
        'failed to authorize: failed to fetch anonymous token: Get "https://auth.docker.io/token?service=registry.docker.io": dial tcp 192.0.2.230:443: connect: connection refused',
    ],
    [
        "upstream",
        "failed to authorize: failed to fetch anonymous token: unexpected status from GET request to https://auth.docker.io/token?service=registry.docker.io: 503 Service Unavailable",
    ],
    [
        "auth",
        "Error response from daemon: unauthorized: Requested repository does not match bearer token resource: app.",
    ],
    [
        "not-found",
        "Error response from daemon: manifest for team/app:404 not found: manifest unknown: manifest unknown",
    ],
    [
        "rate-limit",
        "error processing spec.data[0] (key: TOKEN), err: unable to fetch secret: status code: 429, too many requests",
    ],
    [
        "tls-timeout",
        'error processing spec.data[0] (key: TOKEN), err: unable to fetch DopplerSecret: Get "https://api.example.com/v3/configs/config/secret?name=TOKEN": net/http: TLS handshake timeout',
    ],
    ["auth", "error processing spec.data[0]: unable to fetch secret: API error: 401 Unauthorized"],
    ["timeout", "Failed to create pod sandbox: rpc error: code = DeadlineExceeded desc = context deadline exceeded"],
    [
        "proxy",
        'initializing source docker://quay.io/a/b:1: pinging container registry quay.io: Get "https://quay.io/v2/": proxyconnect tcp: dial tcp: lookup http: Temporary failure in name resolution',
    ],
    [
        "rate-limit",
        'initializing source docker://docker.io/library/alpine:3: (Mirrors also failed: [mirror.lan/library/alpine:3: pinging container registry mirror.lan: Get "https://mirror.lan/v2/": dial tcp 10.0.0.3:443: i/o timeout]): docker.io/library/alpine:3: reading manifest 3 in docker.io/library/alpine: toomanyrequests: You have reached your unauthenticated pull rate limit',
    ],
    [
        "runtime",
        'writing blob: adding layer with blob "sha256:ab12": processing tar file(open /usr/lib/x: permission denied): exit status 1',
    ],
    ["signature", "Source image rejected: A signature was required, but no signature exists"],
    ["damaged", "failed to pull image: filesystem layer verification failed for digest sha256:ab12"],
    ["reset", "failed to pull image: error reading from source: stream error: stream ID 7; PROTOCOL_ERROR"],
    ["refused", "dial tcp [::1]:5000: connect: connection refused"],
    ["unreachable", "dial tcp 10.0.0.1:443: connect: host is down"],
    ["no-space", "ApplyLayer exit status 1 stdout: stderr: write /usr/lib/x: no space left on device"],
    [
        "upstream",
        "failed to do request: unexpected status from HEAD request to https://ghcr.io/v2/a/b/manifests/404: 504 Gateway Timeout",
    ],
    [
        "timeout",
        'failed to copy: httpReadSeeker: failed open: failed to do request: Get "https://cdn.example.com/blob/429/503": net/http: timeout awaiting response headers',
    ],
    [
        "not-found",
        "chart pull error: failed to download chart for remote reference: failed to get 'oci://ghcr.io/a/b:1.2.0': ghcr.io/a/b:1.2.0: not found",
    ],
    ["timeout", 'Failed to pull image "x:1": rpc error: code = Unknown desc = context deadline exceeded'],
    [
        "timeout",
        'failed to pull and unpack image "ghcr.io/a/b:1": failed to copy: httpReadSeeker: failed open: failed to do request: Get "https://pkg-containers.githubusercontent.com/ghcr1/blobs/sha256:ab?se=2026-01-31T12%3A00%3A00Z&sig=abc&sp=r&spr=https&sr=b&sv=2019-12-12": dial tcp 185.199.108.154:443: i/o timeout',
    ],
    ["timeout", "image pull failed: cancel pulling image ghcr.io/a/b:1 because of no progress in 5m0s"],
    [
        "reset",
        'failed to copy: httpReadSeeker: failed open: failed to do request: Get "https://cdn01.quay.io/x": write tcp 10.0.0.5:40000->1.2.3.4:443: write: broken pipe',
    ],
    ["reset", 'Head "https://registry-1.docker.io/v2/library/nginx/manifests/latest": unexpected EOF'],
    ["reset", 'failed to fetch oauth token: Post "https://auth.docker.io/token": EOF'],
    [
        "reset",
        'reading blob sha256:aa: fetching blob: Get "https://quay.io/v2/x": http2: client connection force closed via ClientConn.Close',
    ],
    ["damaged", "remote error: tls: bad record MAC"],
    [
        "damaged",
        'copying system image from manifest list: writing blob: storing blob to file "/var/tmp/x": happened during read: Digest did not match, expected sha256:aa, got sha256:bb',
    ],
    ["dns", 'Get "https://ghcr.io/v2/": dial tcp: lookup ghcr.io on [fd00::10]:53: no such host'],
    [
        "dns",
        'failed to list remote: Get "https://git.example.com/x/info/refs?service=git-upload-pack": dial tcp: lookup git.example.com on 10.43.0.10:53: read udp 10.42.0.5:5->10.43.0.10:53: read: connection refused',
    ],
    ["dns", "fatal: unable to access 'https://github.com/a/b/': Could not resolve host: github.com"],
    [
        "refused",
        'error pinging docker registry k8s.gcr.io: Get "https://k8s.gcr.io/v2/": dial tcp 10.254.3.15:443: connect: connection refused',
    ],
    [
        "auth",
        "unable to clone 'ssh://git@github.com/a/b': ssh: handshake failed: ssh: unable to authenticate, attempted methods [none publickey], no supported methods remain",
    ],
    ["auth", "failed to login to registry: unexpected status code 401 Unauthorized"],
    ["auth", "failed to pull: unexpected status code [manifests 1.0]: 403 Forbidden"],
    ["auth", "invalid_client: AADSTS7000222: The provided client secret keys are expired: 401"],
    [
        "auth",
        'rpc error: code = Unknown desc = failed to pull and unpack image "docker.io/a/b:1": failed to resolve reference "docker.io/a/b:1": pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed',
    ],
    [
        "auth",
        "operation error Secrets Manager: GetSecretValue, https response error StatusCode: 400, RequestID: aa-429-bb, AccessDeniedException: User is not authorized to perform",
    ],
    ["auth", "failed to fetch chart: AccessDenied: Access Denied status code: 403"],
    ["not-found", 'failed to pull image "team/a:1": Error: reading manifest 1 in docker.io/team/a: manifest unknown'],
    ["not-found", "NoSuchBucket: The specified bucket does not exist status code: 404"],
    [
        "not-found",
        "failed to checkout and determine revision: unable to clone 'https://github.com/a/b': reference not found",
    ],
    [
        "not-found",
        "failed to determine the artifact tag for 'oci://r.example.com/a': no match found for semver: >=503.0.0",
    ],
    [
        "not-found",
        'could not find chart "web" version "8.0.404" in repository index: no chart version found for web-8.0.404',
    ],
    ["not-found", "Secret does not exist"],
    ["not-found", "failed to get 'oci://ghcr.io/a/b:9': 404"],
    ["upstream", "failed to fetch https://charts.example.com/index.yaml : 520"],
    ["upstream", "received unexpected HTTP status: 522"],
    [
        "upstream",
        "unexpected status from HEAD request to https://ghcr.io/v2/a/b/manifests/latest: 500 Internal Server Error",
    ],
    [
        "upstream",
        "initializing source docker://quay.io/a/b:1: reading manifest 1 in quay.io/a/b: received unexpected HTTP status: 502 Bad Gateway",
    ],
    ["rate-limit", "GET https://api.github.com/repos/a/b: 403 API rate limit exceeded for 1.2.3.4"],
    ["rate-limit", "Error response from daemon: toomanyrequests: Rate exceeded"],
    ["protocol", 'Get "https://10.0.0.5:5000/v2/": tls: first record does not look like a TLS handshake'],
    [
        "protocol",
        'Error response from daemon: Get "http://r.lan/v2/": net/http: HTTP/1.x transport connection broken: malformed HTTP response "\\x15\\x03\\x01\\x00\\x02\\x02"',
    ],
    [
        "protocol",
        "error parsing HTTP 404 response body: invalid character '<' looking for beginning of value: \"<html>\"",
    ],
    [
        "certificate",
        "tls: failed to verify certificate: x509: certificate is valid for ingress.local, not registry.example.com",
    ],
    [
        "certificate",
        "fatal: unable to access 'https://git.lan/x/': SSL certificate problem: self-signed certificate in certificate chain",
    ],
    ["certificate", "x509: “kube-ca” certificate is not trusted"],
    ["certificate", "remote error: tls: bad certificate"],
    [
        "runtime",
        "failed to create containerd container: error unpacking image: failed to extract layer sha256:aa: failed to get reader from content store: content digest sha256:bb: not found",
    ],
    [
        "runtime",
        'failed to pull and unpack image "a/b:1": failed to unpack image on snapshotter overlayfs: mismatched image rootfs and manifest layers',
    ],
    ["runtime", 'failed to pull image: failed to prepare layer: target snapshot "sha256:aa": already exists'],
    ["runtime", "failed to stat snapshot: database not open"],
    ["runtime", "error creating temporary lease: rpc error: code = Unavailable desc = transport is closing"],
    [
        "runtime",
        'failed to pull image "a/b:1": rpc error: code = Unknown desc = Error response from daemon: Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?',
    ],
    ["runtime", "rpc error: code = Unimplemented desc = unknown service runtime.v1.ImageService"],
    ["limits", "failed to pull and unpack image: fork/exec /usr/bin/unpigz: cannot allocate memory"],
    ["limits", "pipe2: too many open files"],
    ["no-space", "failed to extract layer: failed to create file: no space left on device: unknown"],
    ["disk", "failed to sync: input/output error"],
    ["firewall", 'Get "https://quay.io/v2/": dial tcp 1.2.3.4:443: connect: permission denied'],
    ["firewall", "dial udp 10.0.0.1:53: sendto: operation not permitted"],
    ["platform", 'image operating system "windows" cannot be used on this platform: operating system is not supported'],
    ["platform", "no matching manifest for linux/arm/v7 in the manifest list entries: not found"],
    [
        "platform",
        'choosing image from manifest list docker://quay.io/a/b:1: no image found in image index for architecture "arm64", variant "v8", OS "linux"',
    ],
    [
        "pod-network",
        'failed to setup network for sandbox "aa": plugin type="calico" failed (add): stat /var/lib/calico/nodename: no such file or directory',
    ],
    [
        "pod-network",
        'failed to setup network for sandbox "aa": plugin type="cilium-cni" failed (add): unable to connect to Cilium agent: Get "http://localhost/v1/config": dial unix /var/run/cilium/cilium.sock: connect: no such file or directory',
    ],
    [
        "pod-network",
        "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized",
    ],
    ["proxy", 'Get "https://ghcr.io/v2/": proxyconnect tcp: dial tcp 10.0.0.1:3128: i/o timeout'],
    ["unreachable", "dial tcp: connect: network is unreachable"],
    ["unreachable", "ssh: connect to host github.com port 22: Network is unreachable"],
    [
        "tls-timeout",
        "Error response from daemon: Get https://registry-1.docker.io/v2/: net/http: TLS handshake timeout",
    ],
    [
        "signature",
        "failed to verify the signature using provider 'cosign keyless': no matching signatures: error verifying bundle",
    ],
];
