package wordpress

import "github.com/omniposto/omniposto/app/connector"

type settings struct {
	Title, Status, Slug, Excerpt, Format, Comments, Type, Template string
	Categories                                                     []connector.Option
	Tags                                                           []string
	Author                                                         connector.Option
	Featured, Sticky                                               bool
}

var settingsForm = connector.Settings(func(f *connector.Fields, s *settings) {
	f.Text(&s.Title, "title", 0, 300).Labelled("Title", "Without one, a heading at the top of the text, or the first words.").For("article")
	f.Choice(&s.Status, "status", "publish", "private", "pending", "draft").
		Worded("Published", "Private", "Sent in for review", "Kept as a draft").Labelled("State", "").For("article").Def("publish")
	f.Choice(&s.Type, "type", "post", "page").Worded("Post", "Page").Labelled("Kind", "").For("article").Def("post")
	f.Lookups(&s.Categories, "categories", "categories", 0, 20).Labelled("Categories", "").For("article").When("type", "post")
	f.Words(&s.Tags, "tags", 0, 30).Labelled("Tags", "New ones are made.").For("article").When("type", "post")
	f.Text(&s.Slug, "slug", 0, 200).Labelled("Address", "The last part of the article's address. Without it WordPress makes one from the title.").For("article")
	f.Text(&s.Excerpt, "excerpt", 0, 2000).Labelled("Excerpt", "Shown in lists.").For("article")
	f.Flag(&s.Featured, "featured").Labelled("First picture on top", "It becomes the featured image and isn't repeated in the text.").For("article").Def(true)
	f.Choice(&s.Format, "format", "standard", "aside", "chat", "gallery", "link", "image", "quote", "status", "video", "audio").
		Labelled("Format", "").For("article").When("type", "post").Def("standard")
	f.Choice(&s.Comments, "comment_status", "open", "closed").Worded("Allowed", "Closed").Labelled("Comments", "Without a choice the site's own setting counts.").For("article")
	f.Flag(&s.Sticky, "sticky").Labelled("Keep on top of the blog", "").For("article").When("type", "post").Def(false)
	f.Lookup(&s.Author, "author", "authors").Labelled("Author", "Without a choice it is you.").For("article")
	f.Text(&s.Template, "template", 0, 200).Labelled("Template", "The name of one of the theme's templates.").For("article")
})

// base is the route of the kind of thing.
func (s settings) base() string {
	if s.Type == "page" {
		return "/wp/v2/pages"
	}
	return "/wp/v2/posts"
}
