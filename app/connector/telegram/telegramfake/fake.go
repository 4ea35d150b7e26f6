// Package telegramfake is the Bot API as the fact sheet describes it, in memory.
package telegramfake

import (
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf16"

	"github.com/omniposto/omniposto/app/connector/fake"
)

// Token is the bot's token.
const Token = "123456:canary-AAHdqTcvCH1vGWJxfSeofSAs0K5"

const (
	bot     = 123456
	channel = -1001111111111
	group   = -222222
	// supergroup is the number that the group has once it was upgraded.
	supergroup = -1001234567890
	photoSize  = 10 << 20
	fileSize   = 50 << 20
)

// others are channels in which the bot may not post, each for another reason.
var others = map[string]int{"@op_member": -1003000000001, "@op_mute": -1003000000002, "@op_left": -1003000000003}

// Platform is Telegram.
type Platform struct {
	fake.Base
	pinned map[string]bool
}

// New makes a Telegram with a channel and a group in which the bot may post.
func New(w fake.World) fake.Platform {
	p := &Platform{pinned: map[string]bool{}}
	p.Begin(w)
	p.Grant(Token)
	return p
}

// Accounts implements fake.Platform.
func (*Platform) Accounts() []fake.Account {
	return []fake.Account{
		{Way: "bot", Fields: map[string]string{"token": Token, "chat": "https://t.me/op_news"}},
		{Way: "bot", Fields: map[string]string{"token": Token, "chat": strconv.Itoa(group)}},
	}
}

// ByHand implements fake.Platform.
func (p *Platform) ByHand(text string, files int) fake.Post {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	return p.Show(fake.Post{ID: strconv.Itoa(1000 + p.Serial()), Text: text, Files: make([]fake.File, files)})
}

// Pinned says that a message is pinned.
func (p *Platform) Pinned(id string) bool {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	return p.pinned[id]
}

func refuse(w http.ResponseWriter, status int, words string) {
	fake.Answer(w, status, map[string]any{"ok": false, "error_code": status, "description": words})
}

func result(w http.ResponseWriter, v any) {
	fake.Answer(w, http.StatusOK, map[string]any{"ok": true, "result": v})
}

// ServeHTTP implements http.Handler.
func (p *Platform) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	token, method, ok := strings.Cut(strings.TrimPrefix(r.URL.Path, "/bot"), "/")
	if !ok || !strings.Contains(token, ":") {
		refuse(w, http.StatusNotFound, "Not Found")
		return
	}
	if !p.Good(token) {
		refuse(w, http.StatusUnauthorized, "Unauthorized")
		return
	}
	in, err := read(r)
	if err != nil {
		refuse(w, http.StatusBadRequest, "Bad Request: can't parse request")
		return
	}
	p.Mu.Lock()
	defer p.Mu.Unlock()
	h, ok := map[string]func(http.ResponseWriter, *input){
		"getMe": p.getMe, "getChat": p.getChat, "getChatMember": p.getChatMember, "sendMessage": p.sendMessage, "sendMediaGroup": p.sendMediaGroup,
		"sendPhoto": p.sendFile, "sendVideo": p.sendFile, "sendAnimation": p.sendFile, "sendAudio": p.sendFile, "sendDocument": p.sendFile,
		"pinChatMessage": p.pin, "editMessageText": p.edit, "editMessageCaption": p.edit, "deleteMessages": p.remove,
	}[method]
	if !ok {
		refuse(w, http.StatusNotFound, "Not Found: method not found")
		return
	}
	h(w, in)
}

// input is what a method was given, in JSON or as a form.
type input struct {
	values map[string]string
	files  map[string]fake.File
	order  []string
}

func read(r *http.Request) (*input, error) {
	if strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/") {
		values, files, order, err := fake.Parts(r)
		return &input{values, files, order}, err
	}
	raw, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		return nil, err
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(raw, &members); err != nil {
		return nil, err
	}
	in := &input{values: map[string]string{}}
	for name, v := range members {
		var s string
		if json.Unmarshal(v, &s) != nil {
			s = string(v)
		}
		in.values[name] = s
	}
	return in, nil
}

func (p *Platform) getMe(w http.ResponseWriter, _ *input) {
	result(w, map[string]any{"id": bot, "is_bot": true, "first_name": "Posto", "username": "op_bot"})
}

func chatOf(name string) (map[string]any, bool) {
	switch name {
	case "@op_news", strconv.Itoa(channel):
		return map[string]any{"id": channel, "type": "channel", "title": "News", "username": "op_news"}, true
	case "@op_member", "@op_mute", "@op_left":
		return map[string]any{"id": others[name], "type": "channel", "title": "Closed"}, true
	case strconv.Itoa(group):
		return map[string]any{"id": group, "type": "group", "title": "Friends"}, true
	case strconv.Itoa(supergroup):
		return map[string]any{"id": supergroup, "type": "supergroup", "title": "Friends"}, true
	}
	return nil, false
}

func (p *Platform) getChat(w http.ResponseWriter, in *input) {
	if c, ok := chatOf(in.values["chat_id"]); ok {
		result(w, c)
		return
	}
	refuse(w, http.StatusBadRequest, "Bad Request: chat not found")
}

func (p *Platform) getChatMember(w http.ResponseWriter, in *input) {
	if in.values["user_id"] != strconv.Itoa(bot) {
		refuse(w, http.StatusBadRequest, "Bad Request: user not found")
		return
	}
	status, may := "administrator", true
	switch in.values["chat_id"] {
	case strconv.Itoa(others["@op_member"]):
		status = "member"
	case strconv.Itoa(others["@op_mute"]):
		may = false
	case strconv.Itoa(others["@op_left"]):
		status = "left"
	}
	result(w, map[string]any{"status": status, "can_post_messages": may})
}

func length(s string) int { return len(utf16.Encode([]rune(s))) }

// judge says what is wrong with words and entities.
func judge(words, entities string, most int) string {
	var list []struct{ Offset, Length int }
	if entities != "" && json.Unmarshal([]byte(entities), &list) != nil {
		return "Bad Request: can't parse entities: expected an array"
	}
	n := length(words)
	for _, e := range list {
		if e.Offset < 0 || e.Length <= 0 || e.Offset+e.Length > n {
			return "Bad Request: can't parse entities: entity beyond the end of the text"
		}
	}
	if n > most && most > 1024 {
		return "Bad Request: message is too long"
	}
	if n > most {
		return "Bad Request: message caption is too long"
	}
	return ""
}

// ground checks chat and reply; it gives the chat and the parent's id.
func (p *Platform) ground(w http.ResponseWriter, in *input) (map[string]any, string, bool) {
	c, ok := chatOf(in.values["chat_id"])
	if !ok {
		refuse(w, http.StatusBadRequest, "Bad Request: chat not found")
		return nil, "", false
	}
	if in.values["reply_parameters"] == "" {
		return c, "", true
	}
	var reply struct {
		ID int64 `json:"message_id"`
	}
	_ = json.Unmarshal([]byte(in.values["reply_parameters"]), &reply)
	id := strconv.FormatInt(reply.ID, 10)
	if _, found := p.Find(id); !found {
		refuse(w, http.StatusBadRequest, "Bad Request: message to be replied not found")
		return nil, "", false
	}
	return c, id, true
}

func (p *Platform) show(c map[string]any, post fake.Post) map[string]any {
	post.ID = strconv.Itoa(1000 + p.Serial())
	post = p.Show(post)
	id, _ := strconv.Atoi(post.ID)
	return map[string]any{"message_id": id, "date": p.Now().Unix(), "chat": c, "text": post.Text}
}

func (p *Platform) sendMessage(w http.ResponseWriter, in *input) {
	c, parent, ok := p.ground(w, in)
	if !ok {
		return
	}
	words := in.values["text"]
	if strings.TrimSpace(words) == "" {
		refuse(w, http.StatusBadRequest, "Bad Request: message text is empty")
		return
	}
	if wrong := judge(words, in.values["entities"], 4096); wrong != "" {
		refuse(w, http.StatusBadRequest, wrong)
		return
	}
	result(w, p.show(c, fake.Post{Text: words, Parent: parent, More: in.values}))
}

func (p *Platform) sendFile(w http.ResponseWriter, in *input) {
	c, parent, ok := p.ground(w, in)
	if !ok {
		return
	}
	name := ""
	for _, n := range in.order {
		if n != "thumbnail" {
			name = n
		}
	}
	f, ok := in.files[name]
	if !ok {
		refuse(w, http.StatusBadRequest, "Bad Request: there is no "+name+" in the request")
		return
	}
	if tooLarge(name, f) {
		refuse(w, http.StatusRequestEntityTooLarge, "Request Entity Too Large")
		return
	}
	if wrong := judge(in.values["caption"], in.values["caption_entities"], 1024); wrong != "" {
		refuse(w, http.StatusBadRequest, wrong)
		return
	}
	result(w, p.show(c, fake.Post{Text: in.values["caption"], Parent: parent, Files: []fake.File{f}, More: in.values}))
}

func tooLarge(kind string, f fake.File) bool {
	return f.Size > fileSize || kind == "photo" && f.Size > photoSize
}

func (p *Platform) sendMediaGroup(w http.ResponseWriter, in *input) {
	c, parent, ok := p.ground(w, in)
	if !ok {
		return
	}
	var items []struct {
		Type, Media, Caption string
		Entities             json.RawMessage `json:"caption_entities"`
	}
	if json.Unmarshal([]byte(in.values["media"]), &items) != nil || len(items) < 2 || len(items) > 10 {
		refuse(w, http.StatusBadRequest, "Bad Request: group send failed: wrong number of media")
		return
	}
	post := fake.Post{Parent: parent, More: in.values}
	kinds := map[string]bool{}
	for _, item := range items {
		f, ok := in.files[strings.TrimPrefix(item.Media, "attach://")]
		if !ok || tooLarge(item.Type, f) {
			refuse(w, http.StatusBadRequest, "Bad Request: wrong file identifier/HTTP URL specified")
			return
		}
		if wrong := judge(item.Caption, string(item.Entities), 1024); wrong != "" {
			refuse(w, http.StatusBadRequest, wrong)
			return
		}
		post.Text += item.Caption
		post.Files = append(post.Files, f)
		kinds[item.Type] = true
	}
	if len(kinds) > 1 && (kinds["audio"] || kinds["document"]) {
		refuse(w, http.StatusBadRequest, "Bad Request: group send failed: documents and audio can't be mixed")
		return
	}
	first := p.show(c, post)
	out := []any{first}
	for range len(items) - 1 {
		out = append(out, map[string]any{"message_id": 1000 + p.Serial(), "date": p.Now().Unix(), "chat": c})
	}
	result(w, out)
}

func (p *Platform) pin(w http.ResponseWriter, in *input) {
	p.pinned[in.values["message_id"]] = true
	result(w, true)
}

func (p *Platform) edit(w http.ResponseWriter, in *input) {
	post, ok := p.Find(in.values["message_id"])
	words := in.values["text"] + in.values["caption"]
	switch {
	case !ok:
		refuse(w, http.StatusBadRequest, "Bad Request: message to edit not found")
	case post.Text == words:
		refuse(w, http.StatusBadRequest, "Bad Request: message is not modified")
	default:
		post.Text = words
		p.Change(post)
		result(w, true)
	}
}

func (p *Platform) remove(w http.ResponseWriter, in *input) {
	var ids []int
	_ = json.Unmarshal([]byte(in.values["message_ids"]), &ids)
	for _, id := range ids {
		p.Drop(strconv.Itoa(id))
	}
	result(w, true)
}

var _ fake.Platform = (*Platform)(nil)
