package mastodon

import (
	"context"
	"slices"
	"strings"

	"github.com/omniposto/omniposto/app/connector"
)

// Option is what a look-alike does otherwise and its Spec can't say.
type Option func(*Connector)

// Like makes a look-alike: the family's Spec with changed facts.
func Like(s connector.Spec, options ...Option) connector.Publisher {
	m := Connector{spec: &s, form: settingsForm, uploads: uploads}
	for _, change := range options {
		change(&m)
	}
	if m.renews {
		return renewing{m}
	}
	return m
}

// WithSettings gives a look-alike a form of its own.
func WithSettings(form connector.Bound[Settings]) Option {
	return func(m *Connector) { m.form, m.spec.Settings, m.spec.Rules = form, form.Form(), rules(form) }
}

// UploadsTo is where a look-alike takes files.
func UploadsTo(path string) Option { return func(m *Connector) { m.uploads = path } }

// BySource compares texts as they were written, for servers that show something else (Markdown).
func BySource(m *Connector) { m.source = true }

// Renewing is for servers whose access ends and can be renewed.
func Renewing(m *Connector) {
	m.renews, m.spec.Powers = true, append(slices.Clone(m.spec.Powers), connector.CanRefresh)
}

// Spec is a copy of the family's declaration, for look-alikes to change.
func Spec() connector.Spec {
	s := spec
	s.Kinds = slices.Clone(s.Kinds)
	for i := range s.Kinds {
		s.Kinds[i].Media = slices.Clone(s.Kinds[i].Media)
	}
	s.Connect = slices.Clone(s.Connect)
	s.Limits, s.Powers, s.Unverified = slices.Clone(s.Limits), slices.Clone(s.Powers), nil
	return s
}

// renewing is a look-alike whose access ends and can be renewed.
type renewing struct{ Connector }

// Refresh implements connector.Refresher.
func (r renewing) Refresh(ctx context.Context, c *connector.Call) (connector.Token, error) {
	return connector.RefreshOAuth(ctx, c)
}

// family are the look-alikes, each with what its servers call themselves in version or source.
var family = []struct{ id, label, marks string }{
	{"gotosocial", "GoToSocial", "gotosocial"},
	{"pleroma", "Pleroma", "pleroma|akkoma"},
	{"pixelfed", "Pixelfed", "pixelfed"},
	{"friendica", "Friendica", "friendica"},
}

// belongs refuses a server of another kind: what it does with a key that it got twice isn't what this one promises.
func (in instance) belongs(s *connector.Spec) error {
	says := strings.ToLower(in.Version + " " + in.Source)
	for _, f := range family {
		if slices.ContainsFunc(strings.Split(f.marks, "|"), func(mark string) bool { return strings.Contains(says, mark) }) {
			if f.id == s.ID {
				return nil
			}
			return connector.Reject("This is a server of "+f.label+". Connect it as "+f.label+".", "")
		}
	}
	if _, other, ok := strings.Cut(in.Version, "(compatible;"); ok && s.Family == "" {
		return connector.Reject("This server only talks like Mastodon ("+strings.Trim(other, " )")+"), and nobody has told yet how it keeps a post from going out twice.", "")
	}
	return nil
}

// mayReply are the people of each answer to who may reply, as GoToSocial takes them.
var mayReply = map[string][]string{
	"public": {"public"}, "followers": {"followers", "mentioned", "author"}, "mutuals": {"mutuals", "mentioned", "author"}, "mentioned": {"mentioned", "author"}, "nobody": {"author"},
}

var (
	_ connector.Refresher = renewing{}
	_ connector.Signer    = Connector{}
)
