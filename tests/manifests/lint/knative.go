package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"k8s.io/apimachinery/pkg/runtime/schema"
	eventingv1 "knative.dev/eventing/pkg/apis/eventing/v1"
	"knative.dev/eventing/pkg/apis/feature"
	"knative.dev/pkg/apis"
	servingv1 "knative.dev/serving/pkg/apis/serving/v1"
)

type admitted interface {
	apis.Defaultable
	apis.Validatable
}

// What the webhooks know; a kind that is not here is not one that this repository should have.
var knativeKinds = map[schema.GroupVersionKind]func() admitted{
	servingv1.SchemeGroupVersion.WithKind("Service"):  func() admitted { return &servingv1.Service{} },
	eventingv1.SchemeGroupVersion.WithKind("Broker"):  func() admitted { return &eventingv1.Broker{} },
	eventingv1.SchemeGroupVersion.WithKind("Trigger"): func() admitted { return &eventingv1.Trigger{} },
}

// Released is an object's creation in a cluster whose features are switched as in Knative's release.
func released() (context.Context, error) {
	flags, err := feature.NewFlagsConfigFromMap(nil)
	return apis.WithinCreate(feature.ToContext(context.Background(), flags)), err
}

// CheckKnative does what Knative's webhooks do when an object is created: decode strictly, default, validate.
func checkKnative(kind schema.GroupVersionKind, raw []byte) []string {
	make, known := knativeKinds[kind]
	if !known {
		return []string{fmt.Sprintf("%s is not a kind that is checked", kind)}
	}
	object := make()
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(object); err != nil {
		return []string{err.Error()}
	}
	ctx, err := released()
	if err != nil {
		return []string{err.Error()}
	}
	var problems []string
	if service, isService := object.(*servingv1.Service); isService {
		problems = checkProbes(service)
	}
	object.SetDefaults(ctx)
	if errs := object.Validate(ctx); errs != nil {
		for _, err := range errs.WrappedErrors() {
			problems = append(problems, err.Error())
		}
	}
	return problems
}

// CheckProbes wants a start to be watched by queue-proxy alone: where a container has a startupProbe, the activator sends
// nothing before the kubelet has asked it, once a second, and the API has told that the pod is ready.
func checkProbes(service *servingv1.Service) []string {
	var problems []string
	for _, container := range service.Spec.Template.Spec.Containers {
		if container.ReadinessProbe == nil || container.ReadinessProbe.HTTPGet == nil {
			problems = append(problems, fmt.Sprintf("container %s: it has no readinessProbe by HTTP", container.Name))
		}
		if container.StartupProbe != nil {
			problems = append(problems, fmt.Sprintf("container %s: a startupProbe delays each start", container.Name))
		}
	}
	return problems
}
