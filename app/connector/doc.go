// Package connector is the kit of which all connectors are made: one declaration (Spec), one function that publishes
// (Publisher), and powers beside it. A connector knows one platform and nothing of ours; it gets a Draft and a guarded
// way to call, and answers.
//
// Read power.go for what a connector is, spec.go for what it declares, pass.go for how a publish reads like a plain
// function and resumes like a state machine, call.go and send.go for the network of a step, walk.go and reconcile.go
// for what package publish does with all that. The folders beside are connectors, except text (counting), meta (what
// Facebook, Instagram and Threads share), conform (the laws that every connector is held to) and fake (what the
// platforms' fakes are made of); those last two never reach the binary. Start a new one by copying practice.
//
// What decides between once and twice:
//   - Nothing can be sent outside a step, and a finished step is saved before the next begins.
//   - Commit saves the intent, then dials, then asks for the last look, then sends one call over a connection of its own.
//   - On the commit only a documented refusal (4xx, 429, a row inside a 2xx) or a failure before the first byte means
//     "not accepted". Any 5xx, time-out, reset, short or unreadable answer is doubt, whatever a table says.
//   - What is declared in Once decides how doubt ends: Reconcile looks, finds, resends, or says that a person must.
//
// Caveats: a call is never repeated by the kit; the runner decides about that. When all hosts of a connector are moved
// by platforms.<name>.api_url, paths stay as they are and the host a call was meant for stands in the header
// Original-Host. Names of saved steps are kept in stores: a changed result type needs a new step name.
//
// Why one plain function instead of a plan or a switch over steps (2026): six deliberately different connectors were
// written both ways; the plain function was half as long and had no place where a step could be forgotten.
package connector
