package main

import (
	"context"
	"fmt"

	wfv1 "github.com/argoproj/argo-workflows/v4/pkg/apis/workflow/v1alpha1"
	"github.com/argoproj/argo-workflows/v4/util/logging"
	"github.com/argoproj/argo-workflows/v4/workflow/common"
	"github.com/argoproj/argo-workflows/v4/workflow/validate"
)

// Nowhere is what templates are looked up in; each workflow of this repository is whole by itself.
type nowhere struct{}

func (nowhere) Get(_ context.Context, name string) (*wfv1.WorkflowTemplate, error) {
	return nil, fmt.Errorf("there is no template %q to refer to", name)
}

type nowhereInCluster struct{}

func (nowhereInCluster) Get(_ context.Context, name string) (*wfv1.ClusterWorkflowTemplate, error) {
	return nil, fmt.Errorf("there is no cluster template %q to refer to", name)
}

// CheckArgo does what `argo lint --offline --strict` does with one object.
func checkArgo(raw []byte) []string {
	ctx := logging.WithLogger(context.Background(), logging.NewSlogLogger(logging.Error, logging.Text))
	var problems []string
	for _, parsed := range common.ParseObjects(ctx, raw, true) {
		err := parsed.Err
		if err == nil {
			switch object := parsed.Object.(type) {
			case *wfv1.CronWorkflow:
				err = validate.ValidateCronWorkflow(ctx, nowhere{}, nowhereInCluster{}, object, nil)
			case *wfv1.WorkflowTemplate:
				err = validate.ValidateWorkflowTemplate(ctx, nowhere{}, nowhereInCluster{}, object, nil, validate.ValidateOpts{Lint: true})
			case *wfv1.Workflow:
				err = validate.ValidateWorkflow(ctx, nowhere{}, nowhereInCluster{}, object, nil, validate.ValidateOpts{Lint: true})
			default:
				err = fmt.Errorf("%T is not a kind that is checked", object)
			}
		}
		if err != nil {
			problems = append(problems, err.Error())
		}
	}
	return problems
}
