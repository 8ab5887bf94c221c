// Manifestlint renders folders of manifests and checks their objects the way a cluster does when it takes them in: by
// the code of Knative's webhooks, of Argo's lint and of Pod Security admission. It refuses what they only warn of, too.
//
// It writes each folder's objects to standard output, a JSON line a folder, and what is wrong to standard error.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Rendered is a folder and what it renders to.
type Rendered struct {
	Folder  string           `json:"folder"`
	Objects []map[string]any `json:"objects"`
}

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: manifestlint FOLDER...")
		os.Exit(2)
	}
	out := json.NewEncoder(os.Stdout)
	failed := false
	for _, folder := range os.Args[1:] {
		rendered := Rendered{Folder: folder, Objects: []map[string]any{}}
		objects, problems := render(folder)
		for _, object := range objects {
			rendered.Objects = append(rendered.Objects, object.Object)
			for _, problem := range check(object) {
				problems = append(problems, fmt.Sprintf("%s %s: %s", object.GetKind(), object.GetName(), problem))
			}
		}
		for _, problem := range problems {
			failed = true
			fmt.Fprintf(os.Stderr, "%s: %s\n", folder, problem)
		}
		if err := out.Encode(rendered); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
	}
	if failed {
		os.Exit(1)
	}
}

func check(object *unstructured.Unstructured) []string {
	raw, err := object.MarshalJSON()
	if err != nil {
		return []string{err.Error()}
	}
	switch object.GroupVersionKind().Group {
	case "serving.knative.dev", "eventing.knative.dev", "messaging.knative.dev":
		return append(checkKnative(object.GroupVersionKind(), raw), checkPods(object)...)
	case "argoproj.io":
		return checkArgo(raw)
	}
	return checkPods(object)
}
