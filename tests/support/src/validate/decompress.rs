//! Layers back to their archives, and whether the wrapping is as clean as the product promises.

use std::io::Read as _;

use crate::base::Compression;

/// How a layer's media type says that it is compressed, in either family; `None` for what is no layer.
pub(super) fn compression_of(media_type: &str) -> Option<Compression> {
    let kinds = [
        (".tar+gzip", Compression::Gzip),
        (".tar.gzip", Compression::Gzip),
        (".tar+zstd", Compression::Zstd),
        (".tar.zstd", Compression::Zstd),
        (".tar", Compression::None),
    ];
    kinds.into_iter().find(|(end, _)| media_type.ends_with(end)).map(|(_, kind)| kind)
}

/// The archive in a layer, however many members wrap it.
pub(super) fn archive(blob: &[u8], compression: Compression) -> Result<Vec<u8>, String> {
    let mut archive = Vec::new();
    match compression {
        Compression::None => return Ok(blob.to_vec()),
        Compression::Gzip => flate2::read::MultiGzDecoder::new(blob).read_to_end(&mut archive),
        Compression::Zstd => zstd::stream::read::Decoder::new(blob).and_then(|mut decoder| decoder.read_to_end(&mut archive)),
    }
    .map_err(|error| format!("cannot be decompressed: {error}"))?;
    Ok(archive)
}

/// What is not clean about the wrapping: more than one member or frame, bytes behind it, a gzip header that names a
/// file, a time or an operating system.
pub(super) fn impurities(blob: &[u8], compression: Compression) -> Vec<String> {
    let rest = match compression {
        Compression::None => return Vec::new(),
        Compression::Gzip => {
            let mut decoder = flate2::bufread::GzDecoder::new(blob);
            std::io::copy(&mut decoder, &mut std::io::sink()).map(|_| decoder.into_inner().len())
        }
        Compression::Zstd => zstd::stream::read::Decoder::with_buffer(blob).and_then(|decoder| {
            let mut decoder = decoder.single_frame();
            std::io::copy(&mut decoder, &mut std::io::sink()).map(|_| decoder.finish().len())
        }),
    };
    let mut found = Vec::new();
    match rest {
        Ok(0) => {}
        Ok(rest) => found.push(format!("{rest} bytes behind the first compressed member")),
        Err(error) => found.push(format!("cannot be decompressed: {error}")),
    }
    if compression == Compression::Gzip {
        found.extend(header_impurities(blob));
    }
    found
}

/// RFC 1952, 2.3: flags at 3, time at 4, operating system at 9 where 255 is unknown.
fn header_impurities(blob: &[u8]) -> Vec<String> {
    let Some(header) = blob.first_chunk::<10>() else { return vec!["has no gzip header".into()] };
    let mut found = Vec::new();
    if header[3] != 0 {
        found.push(format!("its gzip header has the flags {:#04x}", header[3]));
    }
    if header[4..8] != [0; 4] {
        found.push("its gzip header has a time".into());
    }
    if header[9] != 0xff {
        found.push(format!("its gzip header names the operating system {}", header[9]));
    }
    found
}
