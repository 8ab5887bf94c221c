package main

import (
	"encoding/json"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
)

// Where each kind has its pod: the path to its metadata and its spec.
var podPaths = map[string][]string{
	"Pod":         {},
	"Deployment":  {"spec", "template"},
	"StatefulSet": {"spec", "template"},
	"DaemonSet":   {"spec", "template"},
	"ReplicaSet":  {"spec", "template"},
	"Job":         {"spec", "template"},
	"CronJob":     {"spec", "jobTemplate", "spec", "template"},
	"Service":     {"spec", "template"}, // Knative's
}

// CheckPods holds an object's pod to the Pod Security level `restricted`, by admission's own code, and to what this
// repository asks for beyond that.
func checkPods(object *unstructured.Unstructured) []string {
	path, known := podPaths[object.GetKind()]
	if !known {
		return nil
	}
	template, found, err := unstructured.NestedMap(object.Object, path...)
	if err != nil || !found {
		return nil // a Service of Kubernetes' own
	}
	raw, err := json.Marshal(template)
	if err != nil {
		return []string{err.Error()}
	}
	var pod corev1.PodTemplateSpec
	if err := json.Unmarshal(raw, &pod); err != nil {
		return []string{err.Error()}
	}
	return append(checkAdmission(&pod), checkContainers(&pod.Spec)...)
}

func checkAdmission(pod *corev1.PodTemplateSpec) []string {
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		return []string{err.Error()}
	}
	var problems []string
	level := api.LevelVersion{Level: api.LevelRestricted, Version: api.LatestVersion()}
	meta := metav1.ObjectMeta{Annotations: pod.Annotations, Labels: pod.Labels}
	for _, result := range evaluator.EvaluatePod(level, &meta, &pod.Spec) {
		if !result.Allowed {
			problems = append(problems, fmt.Sprintf("Pod Security refuses it: %s: %s", result.ForbiddenReason, result.ForbiddenDetail))
		}
	}
	return problems
}

func checkContainers(spec *corev1.PodSpec) []string {
	var problems []string
	complain := func(format string, values ...any) { problems = append(problems, fmt.Sprintf(format, values...)) }
	if spec.AutomountServiceAccountToken == nil {
		complain("automountServiceAccountToken is not said: a token that is not needed is not mounted")
	}
	for _, container := range append(append([]corev1.Container{}, spec.InitContainers...), spec.Containers...) {
		name := container.Name
		security := container.SecurityContext
		if security == nil || security.ReadOnlyRootFilesystem == nil || !*security.ReadOnlyRootFilesystem {
			complain("container %s: readOnlyRootFilesystem has to be true", name)
		}
		if security == nil || security.Privileged != nil && *security.Privileged {
			complain("container %s: its securityContext has to be explicit, and not privileged", name)
		}
		for _, kind := range []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory} {
			if _, said := container.Resources.Requests[kind]; !said {
				complain("container %s: it requests no %s", name, kind)
			}
		}
		if _, said := container.Resources.Limits[corev1.ResourceMemory]; !said {
			complain("container %s: it has no limit of memory", name)
		}
		_, tag, tagged := strings.Cut(container.Image[strings.LastIndex(container.Image, "/")+1:], ":")
		if !tagged && !strings.Contains(container.Image, "@") || tag == "latest" {
			complain("container %s: the image %q has no fixed tag", name, container.Image)
		}
	}
	return problems
}
