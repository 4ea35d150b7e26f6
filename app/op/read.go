package op

import (
	"context"

	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/store"
)

// OrganizationPath is the part of a path that names the organization.
type OrganizationPath struct {
	Organization ref.Organization `path:"organization" maxLength:"40" doc:"The organization's id."`
}

// WorkspacePath is the part of a path that names the workspace.
type WorkspacePath struct {
	Workspace ref.Workspace `path:"workspace" maxLength:"40" doc:"The workspace's id."`
}

// View reads one answer in one look at the store. fn may run more than once and must start anew each time.
func View[T any](ctx context.Context, db *store.DB, fn func(tx store.ReadTx) (*T, error)) (*T, error) {
	var out *T
	err := db.View(ctx, func(tx store.ReadTx) (err error) {
		out, err = fn(tx)
		return err
	})
	return out, err
}
