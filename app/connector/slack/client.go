package slack

import (
	"context"
	"net/url"

	"github.com/omniposto/omniposto/app/connector"
)

// metadata is how Slack names the next page.
type metadata struct {
	Next string `json:"next_cursor"`
}

// ask calls a method that reads, or one with plain parameters.
func ask(ctx context.Context, c *connector.Call, method string, form url.Values, into any) error {
	if form == nil {
		form = url.Values{}
	}
	return send(ctx, c, connector.Request{Method: "POST", Path: "/api/" + method, Form: form}, into)
}

// call calls a method with JSON.
func call(ctx context.Context, c *connector.Call, method string, body, into any) error {
	return send(ctx, c, connector.Request{Method: "POST", Path: "/api/" + method, JSON: body}, into)
}

// send names the right that is missing, where one is.
func send(ctx context.Context, c *connector.Call, r connector.Request, into any) error {
	r.Host = "api"
	if r.Into = into; into == nil {
		r.Into = &struct{}{}
	}
	_, err := c.Send(ctx, r)
	if f := connector.AsFailed(err); f != nil && f.Body("error") == "missing_scope" && f.Body("needed") != "" {
		f.Words = "The app lacks the right " + f.Body("needed") + ". Add it in the app's settings, install the app again, and connect anew."
	}
	return err
}
