package app

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/omniposto/omniposto/app/access"
	"github.com/omniposto/omniposto/app/base/clock"
	"github.com/omniposto/omniposto/app/media"
)

// TestMain lets the test binary be the program: the scripts run it as "omniposto".
func TestMain(m *testing.M) {
	media.ChildMain()
	testscript.Main(m, map[string]func(){"victim": victim, "rotator": rotator, "omniposto": func() {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
		defer stop()
		os.Exit(Run(ctx, os.Args[1:], os.Environ(), os.Stdout, os.Stderr))
	}})
}

// TestCommands runs the scripts of testdata/script against the real program.
func TestCommands(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata/script", Setup: func(e *testscript.Env) error {
		e.Setenv("PORT", freePort(t))
		return nil
	}, Cmds: map[string]func(*testscript.TestScript, bool, []string){"await": await, "code": findCode, "key": getKey}})
}

// freePort is a port that was free a moment ago.
func freePort(t testing.TB) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return portOf(l)
}

// await runs the program until it ends well: "await health --listen …".
func await(ts *testscript.TestScript, _ bool, args []string) {
	var out []byte
	var err error
	for range 400 {
		if out, err = exec.Command(filepath.Join(filepath.SplitList(ts.Getenv("PATH"))[0], "omniposto"), args...).CombinedOutput(); err == nil {
			return
		}
		clock.Wait(context.Background(), clock.System(), 10*time.Millisecond)
	}
	ts.Fatalf("%v: %s", err, out)
}

// findCode puts the setup code of a file into the environment as CODE.
func findCode(ts *testscript.TestScript, _ bool, args []string) {
	raw, err := os.ReadFile(ts.MkAbs(args[0]))
	ts.Check(err)
	ts.Setenv("CODE", strings.TrimSpace(string(raw)))
}

// getKey signs in, sets up a second factor, makes an API key with the scopes and puts it into the environment:
// "key URL EMAIL SCOPE …".
func getKey(ts *testscript.TestScript, _ bool, args []string) {
	w := &world{t: fataler{ts: ts}, base: args[0], app: &App{Options: Options{Clock: clock.System()}}}
	w.owner = w.person(args[1])
	w.owner.must(200, "POST", "/session", map[string]any{"email": args[1], "password": ts.Getenv("OMNIPOSTO_PASSWORD")})
	w.owner.enrol()
	me := w.owner.must(200, "GET", "/session", nil)
	w.org, w.ws = me.text("organizations.0.id"), me.text("organizations.0.workspaces.0.id")
	var scopes []access.Permission
	for _, s := range args[2:] {
		scopes = append(scopes, access.Permission(s))
	}
	ts.Setenv("OMNIPOSTO_KEY", w.makeKey(scopes, nil).text("key"))
	ts.Setenv("ORGANIZATION", w.org)
	ts.Setenv("WORKSPACE", w.ws)
}

// fataler is as much of a test as the helpers of a world need inside a script.
type fataler struct {
	testing.TB
	ts *testscript.TestScript
}

func (fataler) Helper()                             {}
func (fataler) Context() context.Context            { return context.Background() }
func (f fataler) Fatal(args ...any)                 { f.ts.Fatalf("%s", fmt.Sprintln(args...)) }
func (f fataler) Fatalf(format string, args ...any) { f.ts.Fatalf(format, args...) }

// TestProgramSaysWhatIsWrong looks at what the first mistakes of an operator are answered with.
func TestProgramSaysWhatIsWrongWithItsConfiguration(t *testing.T) {
	for name, c := range map[string]struct {
		args []string
		env  []string
		want string
	}{
		"an unknown flag":        {[]string{"serve", "--lisen", ":80"}, nil, "unknown flag: --lisen"},
		"an unknown command":     {[]string{"serf"}, nil, "unknown command"},
		"a wrong address":        {[]string{"config", "check", "--listen", "nowhere"}, nil, "--listen"},
		"an unknown variable":    {[]string{"config", "check"}, []string{"OMNIPOSTO_STORAGE__ULR=x"}, "OMNIPOSTO_STORAGE__URL"},
		"an unknown log level":   {[]string{"config", "check", "--log-level", "loud"}, nil, "debug"},
		"a missing file":         {[]string{"config", "check", "--config", "/nowhere.toml"}, nil, "/nowhere.toml"},
		"an unknown operation":   {[]string{"call", "posts.lst"}, nil, "posts.list"},
		"a field without a name": {[]string{"call", "posts.list", "wsp"}, nil, "--name value"},
	} {
		t.Run(name, func(t *testing.T) {
			var out, log bytes.Buffer
			if code := Run(t.Context(), c.args, c.env, &out, &log); code == 0 || !strings.Contains(log.String(), c.want) {
				t.Errorf("exit %d: %s", code, log.String())
			}
		})
	}
}
