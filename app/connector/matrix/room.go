package matrix

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"github.com/omniposto/omniposto/app/connector"
)

// roomName reads what a person enters: an alias, a room's number, or a matrix.to link.
func roomName(s string) string {
	s = strings.TrimSpace(s)
	if _, after, ok := strings.Cut(s, "matrix.to/#/"); ok {
		after, _, _ = strings.Cut(after, "?")
		after, _, _ = strings.Cut(after, "/")
		if plain, err := url.PathUnescape(after); err == nil {
			return plain
		}
	}
	return s
}

// roomIdentity finds the room, joins it where needed, and says whether one may post there.
func roomIdentity(ctx context.Context, c *connector.Call, me string) (connector.Identity, error) {
	id := c.Channel.RemoteID
	if id == "" {
		var err error
		if id, err = findRoom(ctx, c, roomName(c.Channel.Fields["room"])); err != nil {
			return connector.Identity{}, err
		}
	}
	var name struct {
		Name string `json:"name"`
	}
	var alias struct {
		Alias string `json:"alias"`
	}
	var encryption struct {
		Algorithm string `json:"algorithm"`
	}
	levels := newLevels()
	for what, into := range map[string]any{"m.room.name": &name, "m.room.canonical_alias": &alias, "m.room.encryption": &encryption, "m.room.power_levels": levels} {
		_, err := c.Send(ctx, connector.Request{Path: "/_matrix/client/v3/rooms/" + url.PathEscape(id) + "/state/" + what, Accept: []int{404}, Into: into})
		if err != nil {
			return connector.Identity{}, err
		}
	}
	switch {
	case encryption.Algorithm != "":
		return connector.Identity{}, connector.Reject("This room is encrypted. We can't write there so that everybody reads it; choose another.", "")
	case levels.of(me) < levels.needed():
		return connector.Identity{}, connector.Reject("This account may read in the room but not write. Ask for the right to.", "")
	}
	out := connector.Identity{ID: id, Handle: alias.Alias, Name: name.Name}
	at := id
	if alias.Alias != "" {
		at = alias.Alias
	}
	if out.Name == "" {
		out.Name = at
	}
	out.URL = "https://matrix.to/#/" + url.PathEscape(at)
	return out, nil
}

// findRoom gives the room's number, and joins it where one isn't in it yet.
func findRoom(ctx context.Context, c *connector.Call, name string) (string, error) {
	id := name
	var out struct {
		Room string `json:"room_id"`
	}
	switch {
	case strings.HasPrefix(name, "#"):
		if err := get(ctx, c, "v3/directory/room/"+url.PathEscape(name), nil, &out); err != nil {
			return "", err
		}
		id = out.Room
	case !strings.HasPrefix(name, "!"):
		return "", connector.Reject("A room's address begins with # and its number with an exclamation mark.", "")
	}
	var in struct {
		Rooms []string `json:"joined_rooms"`
	}
	if err := get(ctx, c, "v3/joined_rooms", nil, &in); err != nil {
		return "", err
	}
	if slices.Contains(in.Rooms, id) {
		return id, nil
	}
	if _, err := c.Send(ctx, connector.Request{Method: "POST", Path: "/_matrix/client/v3/join/" + url.PathEscape(name), JSON: struct{}{}, Into: &out}); err != nil {
		return "", err
	}
	if out.Room == "" {
		return "", connector.Reject("The server didn't let us into the room.", "")
	}
	return out.Room, nil
}

// levels are the power levels of a room, with the specification's defaults.
type levels struct {
	Users         map[string]int `json:"users"`
	UsersDefault  int            `json:"users_default"`
	Events        map[string]int `json:"events"`
	EventsDefault int            `json:"events_default"`
}

func newLevels() *levels { return &levels{} }

func (l *levels) of(user string) int {
	if n, ok := l.Users[user]; ok {
		return n
	}
	return l.UsersDefault
}

func (l *levels) needed() int {
	if n, ok := l.Events["m.room.message"]; ok {
		return n
	}
	return l.EventsDefault
}

// uploadFacts is the largest file that the server takes; older servers tell it at another address.
func uploadFacts(ctx context.Context, c *connector.Call) (connector.Facts, error) {
	var out struct {
		Size int64 `json:"m.upload.size"`
	}
	for _, path := range []string{"/_matrix/client/v1/media/config", "/_matrix/media/v3/config"} {
		if _, err := c.Send(ctx, connector.Request{Path: path, Accept: []int{404}, Into: &out}); err != nil {
			return nil, err
		}
		if out.Size > 0 {
			return connector.Facts{factUpload: out.Size}, nil
		}
	}
	return connector.Facts{}, nil
}
