package bluesky

import (
	"context"
	"errors"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/omniposto/omniposto/app/base/secret"
	"github.com/omniposto/omniposto/app/connector"
)

// videoEvery is how often the video service is asked.
const videoEvery = 5 * time.Second

// job is the saved state of a video that is being prepared; Blob is there when it is done.
type job struct {
	ID   string `json:"id,omitempty"`
	Blob blob   `json:"blob,omitempty"`
}

// video uploads through the video service where there is one, else as a plain blob, and waits until it is done.
func video(ctx context.Context, p *connector.Pass) (blob, error) {
	if len(p.Draft.Media) != 1 {
		return nil, connector.Reject("Bluesky takes one video.", "exclude")
	}
	started, err := connector.Step(ctx, p, "job", func(ctx context.Context, c *connector.Call) (job, error) {
		m := p.Draft.Media[0]
		if !inNetwork(c.Channel.More["pds"]) {
			b, err := upload(ctx, c, m)
			return job{Blob: b}, err
		}
		return startJob(ctx, c, m)
	})
	if err != nil {
		return nil, err
	}
	return connector.Step(ctx, p, "ready", func(ctx context.Context, c *connector.Call) (blob, error) {
		if len(started.Blob) > 0 {
			return started.Blob, nil
		}
		return askJob(ctx, c, started.ID)
	})
}

type jobStatus struct {
	JobID   string `json:"jobId"`
	State   string `json:"state"`
	Blob    blob   `json:"blob"`
	Error   string `json:"error"`
	Failure string `json:"failureCode"`
	Message string `json:"message"`
}

// jobAnswer takes both shapes: the lexicon's, and the one that the live service has been seen to give.
type jobAnswer struct {
	Inside *jobStatus `json:"jobStatus"`
	jobStatus
}

func (a jobAnswer) status() jobStatus {
	if a.Inside != nil {
		return *a.Inside
	}
	return a.jobStatus
}

// startJob gets a token for the service, then uploads.
func startJob(ctx context.Context, c *connector.Call, m connector.Media) (job, error) {
	host, err := url.Parse(c.Channel.More["pds"])
	if err != nil {
		return job{}, connector.Reject("The account's server has no address.", "reconnect")
	}
	var auth struct {
		Token string `json:"token"`
	}
	_, err = c.Send(ctx, connector.Request{
		Path: "/xrpc/com.atproto.server.getServiceAuth", Into: &auth,
		Query: url.Values{"aud": {"did:web:" + host.Hostname()}, "lxm": {"com.atproto.repo.uploadBlob"}, "exp": {strconv.FormatInt(c.Now.Add(30*time.Minute).Unix(), 10)}},
	})
	if err != nil {
		return job{}, err
	}
	if auth.Token == "" {
		return job{}, &connector.Failed{Class: connector.Transient, Step: "job", Words: "The account's server let us in to no video service."}
	}
	c.Hide(auth.Token)
	c.Token.Access = secret.NewText(auth.Token)
	var out jobAnswer
	_, err = c.Send(ctx, connector.Request{
		Method: "POST", Host: "video", Path: "/xrpc/app.bsky.video.uploadVideo", Body: m.All(), Size: m.Size, Type: m.MIME, Into: &out,
		Query: url.Values{"did": {c.Channel.RemoteID}, "name": {name(m)}},
	})
	var f *connector.Failed
	if errors.As(err, &f) && f.Body("error") == "already_exists" {
		return known(f)
	}
	if err != nil {
		return job{}, err
	}
	return out.status().job()
}

func name(m connector.Media) string {
	if strings.HasSuffix(m.Name, ".mp4") {
		return m.Name
	}
	return m.Name + ".mp4"
}

// known reads the job of a video that the service has already.
func known(f *connector.Failed) (job, error) {
	out := job{ID: f.Body("jobId")}
	if b := f.Body("blob"); b != "" {
		out.Blob = blob(b)
	}
	if out.ID == "" && out.Blob == nil {
		return out, f
	}
	return out, nil
}

func (s jobStatus) job() (job, error) {
	if len(s.Blob) > 0 && string(s.Blob) != "null" {
		return job{s.JobID, s.Blob}, nil
	}
	if s.State == "JOB_STATE_FAILED" {
		return job{}, s.failed()
	}
	if s.JobID == "" {
		return job{}, &connector.Failed{Class: connector.Transient, Step: "job", Words: "The video service gave the video no number."}
	}
	return job{ID: s.JobID}, nil
}

func (s jobStatus) failed() error {
	f := &connector.Failed{Class: connector.Rejected, Step: "ready", Words: s.Message, Fix: "convert:video/mp4", Forget: []string{"job", "ready"}}
	if f.Words == "" {
		f.Words = "Bluesky couldn't prepare the video (" + s.Failure + s.Error + ")."
	}
	if s.Failure == "pds_upload_failure" {
		f.Class = connector.Transient
	}
	return f
}

// askJob gives the blob when the service is done. A state that we don't know is one that goes on.
func askJob(ctx context.Context, c *connector.Call, id string) (blob, error) {
	var out jobAnswer
	_, err := c.Send(ctx, connector.Request{Host: "video", Path: "/xrpc/app.bsky.video.getJobStatus", Query: url.Values{"jobId": {id}}, NoAuth: true, Into: &out})
	if err != nil {
		return nil, err
	}
	s := out.status()
	if len(s.Blob) > 0 && string(s.Blob) != "null" {
		return s.Blob, nil
	}
	if s.State == "JOB_STATE_FAILED" {
		return nil, s.failed()
	}
	return nil, connector.NotYet(c, videoEvery)
}
