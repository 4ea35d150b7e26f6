package api

import (
	"reflect"
	"regexp"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// schemaName names a type in the document by its noun: post.View is Post, channel.MediaView is ChannelMedia, and
// op.Listed[post.Row] is ListOfPostRow.
func schemaName(t reflect.Type, hint string) string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	name := t.Name()
	if name == "" || !strings.Contains(t.PkgPath(), "omniposto") {
		return huma.DefaultSchemaNamer(t, hint)
	}
	base, inner, generic := strings.Cut(name, "[")
	if generic {
		return "ListOf" + typeName(strings.TrimSuffix(inner, "]"))
	}
	if base == "Problem" {
		return base
	}
	return typeName(t.PkgPath() + "." + base)
}

var lastPart = regexp.MustCompile(`([A-Za-z]+)\.([A-Za-z]+)$`)

// typeName makes a name of the last part of a path and the type: …/app/post.Row is PostRow.
func typeName(path string) string {
	m := lastPart.FindStringSubmatch(path)
	if m == nil {
		return path
	}
	pkg, name := strings.ToUpper(m[1][:1])+m[1][1:], strings.TrimSuffix(m[2], "View")
	if strings.HasPrefix(name, pkg) || pkg == "Op" || pkg == "App" || pkg == "Cli" {
		return name
	}
	return pkg + name
}
