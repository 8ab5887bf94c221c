package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// Render does what `kubectl kustomize` does. What Kustomize warns of is a problem.
func render(folder string) ([]*unstructured.Unstructured, []string) {
	var objects []*unstructured.Unstructured
	var problems []string
	warnings, err := capture(func() error {
		resources, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), folder)
		if err != nil {
			return err
		}
		for _, resource := range resources.Resources() {
			raw, err := resource.MarshalJSON()
			if err != nil {
				return err
			}
			object := &unstructured.Unstructured{}
			if err := object.UnmarshalJSON(raw); err != nil {
				return err
			}
			objects = append(objects, object)
		}
		return nil
	})
	for _, line := range strings.Split(strings.TrimSpace(warnings), "\n") {
		if line != "" {
			problems = append(problems, "Kustomize warns: "+line)
		}
	}
	if err != nil {
		problems = append(problems, fmt.Sprintf("it does not render: %v", err))
	}
	return objects, problems
}

// Capture returns what is written to standard error meanwhile: Kustomize has no other way to warn.
func capture(work func() error) (string, error) {
	reader, writer, err := os.Pipe()
	if err != nil {
		return "", err
	}
	stderr := os.Stderr
	os.Stderr = writer
	written := make(chan string)
	go func() {
		text, _ := io.ReadAll(reader)
		written <- string(text)
	}()
	err = work()
	os.Stderr = stderr
	_ = writer.Close()
	return <-written, err
}
