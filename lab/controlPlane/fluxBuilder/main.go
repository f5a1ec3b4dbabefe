// Builds directories as Flux's kustomize-controller does. A line of JSON for each job on the standard input, a line of
// JSON for each answer on the standard output.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"os"
	"path/filepath"

	"github.com/fluxcd/pkg/kustomize"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// A job names the repository's top, a directory in it, and the Flux Kustomization that applies the directory.
type job struct {
	Top           string         `json:"top"`
	Directory     string         `json:"directory"`
	Kustomization map[string]any `json:"kustomization"`
}

type answer struct {
	Objects []map[string]any `json:"objects"`
	Refusal string           `json:"refusal,omitempty"`
}

func build(j job) ([]map[string]any, error) {
	directory := filepath.Join(j.Top, j.Directory)
	kustomization := unstructured.Unstructured{Object: j.Kustomization}
	manifest, file, action, err := kustomize.NewGeneratorWithIgnore(j.Top, "", kustomization).GenerateManifest(directory)
	if err != nil {
		return nil, err
	}
	before, _ := os.ReadFile(file)
	if err := os.WriteFile(file, manifest, 0o644); err != nil {
		return nil, err
	}
	// The next job finds the repository as it was.
	defer func() {
		if action == kustomize.CreatedAction {
			os.Remove(file)
		} else {
			os.WriteFile(file, before, 0o644)
		}
	}()
	built, err := kustomize.SecureBuild(j.Top, directory, false)
	if err != nil {
		return nil, err
	}
	_, substitutes, _ := unstructured.NestedMap(j.Kustomization, "spec", "postBuild")
	objects := []map[string]any{}
	for _, resource := range built.Resources() {
		if substitutes {
			changed, err := kustomize.SubstituteVariables(
				context.Background(), nil, kustomization, resource, kustomize.SubstituteWithDryRun(true))
			if err != nil {
				return nil, err
			}
			if changed != nil {
				resource = changed
			}
		}
		object, err := resource.Map()
		if err != nil {
			return nil, err
		}
		objects = append(objects, object)
	}
	return objects, nil
}

func main() {
	jobs := bufio.NewScanner(os.Stdin)
	jobs.Buffer(nil, 64<<20)
	answers := json.NewEncoder(os.Stdout)
	for jobs.Scan() {
		var j job
		var a answer
		if err := json.Unmarshal(jobs.Bytes(), &j); err != nil {
			a.Refusal = err.Error()
		} else if objects, err := build(j); err != nil {
			a.Refusal = err.Error()
		} else {
			a.Objects = objects
		}
		if err := answers.Encode(a); err != nil {
			os.Exit(1)
		}
	}
}
