package support

import (
	"context"
	"reflect"
	"strings"

	"github.com/omniposto/omniposto/app/access"
	"github.com/omniposto/omniposto/app/op"
	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/store"
)

type pageInput struct {
	GrantPath
	op.Page
}

type channelInput struct {
	GrantPath
	Channel ref.Channel `path:"channel" maxLength:"40" doc:"The channel's id."`
}

type postInput struct {
	GrantPath
	Post ref.Post `path:"post" maxLength:"40" doc:"The post's id."`
}

type assetInput struct {
	GrantPath
	Asset ref.Asset `path:"asset" maxLength:"40" doc:"The file's id."`
}

// fieldsOf lists the fields of a view by their names in the API: what the log says was looked at.
func fieldsOf[T any]() []string {
	var names []string
	t := reflect.TypeFor[T]()
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		names = append(names, name)
	}
	return names
}

var (
	seesMembers      = sight{category: Account, fields: fieldsOf[MemberRead]()}
	seesOrganization = sight{category: Organization, fields: fieldsOf[OrganizationRead]()}
	seesChannel      = sight{category: Organization, fields: fieldsOf[ChannelRead]()}
	seesPosts        = sight{category: Posts, fields: fieldsOf[PostRow]()}
	seesPost         = sight{category: Posts, fields: fieldsOf[PostRead](), single: true}
	seesAssets       = sight{category: Media, fields: fieldsOf[AssetRow]()}
	seesAsset        = sight{category: Media, fields: fieldsOf[AssetRead](), single: true}
	seesThumbnail    = sight{category: Media, fields: []string{"thumbnail"}, single: true, picture: true}
	seesAnalytics    = sight{category: Analytics, fields: fieldsOf[AnalyticsRead]()}
)

func (s *Support) readOperations() []op.Operation {
	read := func(d op.Draft, summary, what string, example any) op.Operation {
		return d.Says(summary, what+" Every read is written into the customer's audit log and shown to them as it happens.").Example(nil, example).
			In(op.InstanceScope).By(access.Session).Audits("support.read").Hidden("only a person reads by a grant").
			Fails(ErrNotFound, ErrNoGrant, ErrCategory, ErrClock, ErrHours, ErrNetwork, ErrHourFull).Needs(access.SupportAsk)
	}
	return []op.Operation{
		read(op.New("support.read_account", op.GET("/support/grants/{grant}/account"), s.readAccount).Fails(op.ErrCursor),
			"Read the members", "Who belongs to the customer's organization, with masked addresses.", op.Listed[MemberRead]{Items: []MemberRead{{Name: "Mira Lindqvist", Email: "m…@halden.example", Role: access.Owner}}}),
		read(op.New("support.read_organization", op.GET("/support/grants/{grant}/organization"), s.readOrganization),
			"Read the organization", "Name, use, policy switches and the state of channels.", OrganizationRead{Name: "Halden Studio", Plan: "none", Workspaces: []string{"Fjellvik Outdoor"}, Channels: []ChannelRead{}}),
		read(op.New("support.read_channel", op.GET("/support/grants/{grant}/channels/{channel}"), s.readChannel).Fails(ErrRecord),
			"Read a channel", "Platform, handle, state and what its token may do, never the token.", ChannelRead{Platform: "mastodon", Handle: "@halden@social.example", State: "ok", Scopes: []string{}}),
		read(op.New("support.read_posts", op.GET("/support/grants/{grant}/posts"), s.readPosts).Fails(op.ErrCursor),
			"List the posts", "Ids, states and times; texts only when one is opened.", op.Listed[PostRow]{Items: []PostRow{{State: "needs_attention"}}}),
		read(op.New("support.read_post", op.GET("/support/grants/{grant}/posts/{post}"), s.readPost).Fails(ErrRecord, ErrWhy),
			"Read a post", "Its texts, deliveries and attempts.", PostRead{Texts: []string{"Wool for wind."}, State: "needs_attention", Variants: []VariantRead{}, Labels: []string{}, Deliveries: []DeliveryRead{}}),
		read(op.New("support.read_media", op.GET("/support/grants/{grant}/media"), s.readMedia).Fails(op.ErrCursor),
			"List the files", "Ids, types and times of the files that the customer sees.", op.Listed[AssetRow]{Items: []AssetRow{{MIME: "image/jpeg"}}}),
		read(op.New("support.read_asset", op.GET("/support/grants/{grant}/media/{asset}"), s.readAsset).Fails(ErrRecord, ErrWhy),
			"Read a file's facts", "Name, size, description and where it is used, never the file.", AssetRead{Name: "ridge.jpg", MIME: "image/jpeg", UsedIn: []ref.Post{}}),
		read(op.NewFile("support.read_thumbnail", op.GET("/support/grants/{grant}/media/{asset}/thumbnail"), s.readThumbnail).Fails(ErrRecord, ErrWhy, ErrThumbnails),
			"See a small picture", "320 pixels at most, where the customer allowed thumbnails.", nil),
		read(op.New("support.read_analytics", op.GET("/support/grants/{grant}/analytics"), s.readAnalytics),
			"Read the figures", "What the organization's own screens display.", AnalyticsRead{Figures: map[string]int64{}}),
	}
}

// paged answers one page of a list and counts each row as a record.
func paged[T any](ctx context.Context, s *Support, c op.Call, in *pageInput, what sight, id func(T) string, from func(tx store.ReadTx, o ref.Organization, after store.Key, n int) Rows[T]) (*op.Listed[T], error) {
	after, err := c.Position(in.Cursor)
	if err != nil {
		return nil, err
	}
	return look(ctx, s, c, in.Grant, what, func(tx store.ReadTx, g Grant) (*op.Listed[T], []string, error) {
		rows := from(tx, g.Organization, after, in.Limit)
		out := &op.Listed[T]{Items: rows.Items, NextCursor: c.Cursor(rows.Next)}
		if out.Items == nil {
			out.Items = []T{}
		}
		ids := make([]string, len(rows.Items))
		for i, row := range rows.Items {
			ids[i] = id(row)
		}
		return out, ids, nil
	})
}

// one answers a single record.
func one[T any](ctx context.Context, s *Support, c op.Call, g ref.Grant, what sight, id string, from func(tx store.ReadTx, o ref.Organization) (T, bool)) (*T, error) {
	return look(ctx, s, c, g, what, func(tx store.ReadTx, g Grant) (*T, []string, error) {
		v, ok := from(tx, g.Organization)
		if !ok {
			return nil, nil, ErrRecord
		}
		return &v, []string{id}, nil
	})
}

func (s *Support) readAccount(ctx context.Context, c op.Call, in *pageInput) (*op.Listed[MemberRead], error) {
	return paged(ctx, s, c, in, seesMembers, func(m MemberRead) string { return m.ID.String() }, s.Source.Members)
}

func (s *Support) readPosts(ctx context.Context, c op.Call, in *pageInput) (*op.Listed[PostRow], error) {
	return paged(ctx, s, c, in, seesPosts, func(p PostRow) string { return p.ID.String() }, s.Source.Posts)
}

func (s *Support) readMedia(ctx context.Context, c op.Call, in *pageInput) (*op.Listed[AssetRow], error) {
	return paged(ctx, s, c, in, seesAssets, func(a AssetRow) string { return a.ID.String() }, s.Source.Assets)
}

func (s *Support) readOrganization(ctx context.Context, c op.Call, in *GrantPath) (*OrganizationRead, error) {
	return look(ctx, s, c, in.Grant, seesOrganization, func(tx store.ReadTx, g Grant) (*OrganizationRead, []string, error) {
		o := s.Source.Organization(tx, g.Organization)
		ids := []string{o.ID.String()}
		for _, ch := range o.Channels {
			ids = append(ids, ch.ID.String())
		}
		return &o, ids, nil
	})
}

func (s *Support) readChannel(ctx context.Context, c op.Call, in *channelInput) (*ChannelRead, error) {
	return one(ctx, s, c, in.Grant, seesChannel, in.Channel.String(), func(tx store.ReadTx, o ref.Organization) (ChannelRead, bool) {
		return s.Source.Channel(tx, o, in.Channel)
	})
}

func (s *Support) readPost(ctx context.Context, c op.Call, in *postInput) (*PostRead, error) {
	return one(ctx, s, c, in.Grant, seesPost, in.Post.String(), func(tx store.ReadTx, o ref.Organization) (PostRead, bool) { return s.Source.Post(tx, o, in.Post) })
}

func (s *Support) readAsset(ctx context.Context, c op.Call, in *assetInput) (*AssetRead, error) {
	return one(ctx, s, c, in.Grant, seesAsset, in.Asset.String(), func(tx store.ReadTx, o ref.Organization) (AssetRead, bool) { return s.Source.Asset(tx, o, in.Asset) })
}

// readThumbnail opens the file only after the read is written down.
func (s *Support) readThumbnail(ctx context.Context, c op.Call, in *assetInput) (*op.File, error) {
	var o ref.Organization
	_, err := one(ctx, s, c, in.Grant, seesThumbnail, in.Asset.String(), func(tx store.ReadTx, of ref.Organization) (op.None, bool) {
		o = of
		_, ok := s.Source.Asset(tx, of, in.Asset)
		return op.None{}, ok
	})
	if err != nil {
		return nil, err
	}
	return s.Source.Thumbnail(ctx, o, in.Asset)
}

func (s *Support) readAnalytics(ctx context.Context, c op.Call, in *GrantPath) (*AnalyticsRead, error) {
	return look(ctx, s, c, in.Grant, seesAnalytics, func(tx store.ReadTx, g Grant) (*AnalyticsRead, []string, error) {
		a := s.Source.Analytics(tx, g.Organization)
		return &a, []string{g.Organization.String()}, nil
	})
}
