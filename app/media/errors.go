package media

import "github.com/omniposto/omniposto/app/base/fail"

// Verdicts about a file: the codes that Asset.Problem holds.
var (
	ErrEmpty       = fail.Invalid("media_empty", "This file is empty.")
	ErrType        = fail.Unsupported("media_type", "This type of file isn't taken. Use JPEG, PNG, WebP, GIF, AVIF, HEIC, MP4, MOV or WebM.")
	ErrCorrupt     = fail.Invalid("media_corrupt", "This file is damaged: it can't be read to its end. Export it again and upload that.")
	ErrPixels      = fail.Invalid("media_pixels", "This picture has more than 50 million pixels. Make it smaller.")
	ErrSides       = fail.Invalid("media_sides", "A side of this picture is longer than 16,384 pixels. Make it smaller.")
	ErrFrames      = fail.Invalid("media_frames", "This moving picture has more than 500 pictures, or they are too large together. Shorten it, or upload it as MP4.")
	ErrHeavy       = fail.Invalid("media_heavy", "This picture needs too much memory or time to be read. Make it smaller, or export it as JPEG.")
	ErrSmall       = fail.Invalid("media_small", "This HEIC picture is narrower than 128 pixels and can't be read. Export it as JPEG or PNG.")
	ErrNoPicture   = fail.Invalid("media_no_picture", "This file holds no video.")
	ErrUncleanable = fail.Invalid("media_uncleanable", "This film carries a track that may tell where it was taken and can't be removed. Export it again as MP4.")
	ErrTooLarge    = fail.TooLarge("media_too_large", "This file is larger than allowed.")
	ErrAbandoned   = fail.Invalid("media_abandoned", "This upload was never finished. Upload the file again.")
)

// Errors of what people do with files.
var (
	ErrNotFound       = fail.NotFound("not_found", "There is no such file.")
	ErrUploadNotFound = fail.NotFound("not_found", "There is no such upload.")
	ErrOffset         = fail.Conflict("upload_offset", "The upload goes on at another offset. Ask for it and send the rest from there.")
	ErrPieces         = fail.Limit("upload_pieces", "This upload came in too many pieces. Begin again with larger ones.")
	ErrUploads        = fail.Limit("uploads_open", "Too many uploads of this workspace aren't finished. Finish or cancel some.")
	ErrNeeded         = fail.Conflict("media_needed", "A post that isn't published yet needs this file. Take it out of the post first.")
	ErrNotReady       = fail.Conflict("media_not_ready", "This file isn't ready yet.")
	ErrRefused        = fail.Conflict("media_refused", "This file was refused and can't be shown.")
	ErrRendition      = fail.NotFound("rendition_not_found", "This file has no such form.")
	ErrStale          = fail.Stale("stale", "Somebody changed this since you read it. Look at the current state and try again.")
	ErrAlt            = fail.Invalid("media_alt", "The description is longer than 10,000 signs.")
	ErrName           = fail.Invalid("media_name", "A name has from 1 to 200 signs.")
	ErrStorage        = fail.Unavailable("storage_unavailable", "The place where files are kept can't be reached. Try again in a minute.")
)

// verdicts lists what a file can be refused for.
var verdicts = []*fail.Error{
	ErrEmpty, ErrType, ErrCorrupt, ErrPixels, ErrSides, ErrFrames, ErrHeavy, ErrSmall, ErrNoPicture, ErrUncleanable, ErrTooLarge, ErrAbandoned,
}

// verdict finds the declared error of a code; an unknown one, of an older version, counts as damage.
func verdict(code string) *fail.Error {
	for _, v := range verdicts {
		if v.Code == code {
			return v
		}
	}
	return ErrCorrupt
}
