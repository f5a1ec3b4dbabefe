// Package apiserver names what the cluster tests build: an API server, and the types a CRD is generated from.
package apiserver

import _ "github.com/fluxcd/helm-controller/api/v2"
