package api

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"

	"github.com/omniposto/omniposto/app/op"
	"github.com/omniposto/omniposto/app/ref"
)

// callLocal holds the operation and who calls, once the gate knows.
const callLocal = "call"

// unremarkable are refusals that belong to everyday work: conflicts and versions.
var unremarkable = []int{fiber.StatusConflict, fiber.StatusPreconditionFailed, fiber.StatusPreconditionRequired}

// noteRefusal writes into the server's log who was refused what and why, so that an operator sees somebody trying doors.
// It takes ids and codes only: nothing that was sent, no address. What matters to an organization is in its audit log
// besides.
func (s *Server) noteRefusal(c *fiber.Ctx) {
	status := c.Response().StatusCode()
	if status < 400 || status >= 500 || slices.Contains(unremarkable, status) || !strings.HasPrefix(c.Path(), "/api/") {
		return
	}
	var problem struct {
		Code    string `json:"code"`
		Request string `json:"request_id"`
	}
	_ = json.Unmarshal(c.Response().Body(), &problem)
	about := []any{"status", status, "code", problem.Code, "request", problem.Request}
	if call, ok := c.Locals(callLocal).(op.Call); ok {
		who := call.AuditActor(ref.Organization{})
		about = append(about, "operation", call.Meta.ID, "actor", who.Kind, "id", who.ID)
	}
	s.Log.Info("request refused", about...)
}
