package telegram

import (
	"context"
	"errors"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/omniposto/omniposto/app/connector"
)

type user struct {
	ID       int64  `json:"id"`
	Username string `json:"username"`
}

type chat struct {
	ID       int64  `json:"id"`
	Type     string `json:"type"` // channel, supergroup, group, private
	Title    string `json:"title"`
	First    string `json:"first_name"`
	Username string `json:"username"`
	Forum    bool   `json:"is_forum"`
}

func (c chat) title() string {
	if c.Title != "" {
		return c.Title
	}
	return c.First
}

type message struct {
	ID   int64 `json:"message_id"`
	Date int64 `json:"date"`
	Chat chat  `json:"chat"`
}

// call does one method of the Bot API with a JSON body and reads result.
func call(ctx context.Context, c *connector.Call, method string, body any, result any) error {
	out := struct {
		Result any `json:"result"`
	}{result}
	if body == nil {
		body = map[string]any{}
	}
	_, err := c.Send(ctx, connector.Request{Method: "POST", Path: "/bot{token}/" + method, JSON: body, Into: &out})
	return err
}

// chatName reads what a person enters: @name, a t.me address, or a number.
func chatName(s string) string {
	s = strings.TrimSpace(s)
	if _, err := strconv.ParseInt(s, 10, 64); err == nil {
		return s
	}
	if u, err := url.Parse(s); err == nil && (u.Host == "t.me" || u.Host == "telegram.me") {
		s, _, _ = strings.Cut(strings.Trim(u.Path, "/"), "/")
	}
	if rest, ok := strings.CutPrefix(s, "t.me/"); ok {
		s, _, _ = strings.Cut(rest, "/")
	}
	return "@" + strings.TrimPrefix(s, "@")
}

// findChat asks for a chat; a group that became a supergroup is followed to its new number.
func findChat(ctx context.Context, c *connector.Call, where string) (chat, error) {
	var out chat
	err := call(ctx, c, "getChat", map[string]any{"chat_id": where}, &out)
	var f *connector.Failed
	if errors.As(err, &f) {
		if moved := f.Body("parameters.migrate_to_chat_id"); moved != "" {
			err = call(ctx, c, "getChat", map[string]any{"chat_id": moved}, &out)
		}
	}
	if err == nil && out.ID == 0 {
		err = &connector.Failed{Class: connector.Transient, Step: "chat", Words: "Telegram's answer names no chat."}
	}
	return out, err
}

// mayPost says in plain words what the bot lacks.
func mayPost(ctx context.Context, c *connector.Call, where chat, bot user) error {
	if where.Type == "private" {
		return nil
	}
	var m struct {
		Status string `json:"status"`
		Post   *bool  `json:"can_post_messages"`
	}
	if err := call(ctx, c, "getChatMember", map[string]any{"chat_id": where.ID, "user_id": bot.ID}, &m); err != nil {
		return err
	}
	name := "@" + bot.Username
	switch {
	case m.Status == "left" || m.Status == "kicked":
		return connector.Reject(name+" isn't in "+where.title()+". Add it as an administrator.", "")
	case where.Type == "channel" && m.Status != "administrator" && m.Status != "creator":
		return connector.Reject(name+" isn't an administrator of "+where.title()+". In a channel only administrators may post.", "")
	case where.Type == "channel" && m.Post != nil && !*m.Post:
		return connector.Reject(name+" is an administrator of "+where.title()+" without the right to post messages. Grant it that right.", "")
	case m.Status == "restricted":
		return connector.Reject(name+" is restricted in "+where.title()+" and may not post.", "")
	}
	return nil
}

// receipt names the first message; an album's others are kept for deletion.
func receipt(c *connector.Call, list []message) connector.Receipt {
	if len(list) == 0 || list[0].ID == 0 {
		return connector.Receipt{}
	}
	var ids []string
	for _, m := range list {
		ids = append(ids, strconv.FormatInt(m.ID, 10))
	}
	r := connector.Receipt{ID: ids[0], Permalink: permalink(list[0].Chat, c, ids[0]), More: map[string]string{"ids": strings.Join(ids, ","), "chat": strconv.FormatInt(list[0].Chat.ID, 10)}}
	if list[0].Date > 0 {
		r.At = time.Unix(list[0].Date, 0).UTC()
	}
	return r
}

// permalink: public chats have a name, private supergroups and channels a number for members, groups nothing.
func permalink(where chat, c *connector.Call, id string) string {
	name := where.Username
	if name == "" {
		name = c.Channel.More["username"]
	}
	if name != "" {
		return "https://t.me/" + name + "/" + id
	}
	if inner, ok := strings.CutPrefix(strconv.FormatInt(where.ID, 10), "-100"); ok {
		return "https://t.me/c/" + inner + "/" + id
	}
	return ""
}

// saysSo says that a refusal carries these words.
func saysSo(err error, words string) bool {
	var f *connector.Failed
	return errors.As(err, &f) && strings.Contains(f.Body("description"), words)
}

func sortedNames(m map[string]any) []string { return slices.Sorted(maps.Keys(m)) }
