//! Uploads, mounts, manifests, lists and referrers over HTTP.

use serde_json::json;

use super::*;

#[tokio::test]
async fn chunks_come_in_order() {
    let registry = Registry::start();
    let client = client();
    let session = open_session(&client, &registry, "a/b").await;
    let patch = |range: &'static str, body: &'static str| client.patch(session.clone()).header("content-range", range).body(body).send();
    let first = patch("0-4", "hello").await.unwrap();
    assert_eq!((first.status().as_u16(), header(&first, "range")), (202, "0-4"));
    let early = patch("7-9", "xyz").await.unwrap();
    assert_eq!((early.status().as_u16(), header(&early, "range")), (416, "0-4"));
    let longer = patch("5-6", "abc").await.unwrap();
    assert_eq!(longer.status(), 400);
    let status = client.get(session.clone()).send().await.unwrap();
    assert_eq!((status.status().as_u16(), header(&status, "range")), (204, "0-4"));
    // Without Content-Range the bytes are taken as the next ones.
    assert_eq!(client.patch(session.clone()).body(" wor").send().await.unwrap().status(), 202);
    let digest = sha256(b"hello world");
    let put = client.put(committing(session.clone(), &digest)).header("content-range", "9-10").body("ld");
    let created = put.send().await.unwrap();
    assert_eq!((created.status().as_u16(), header(&created, "docker-content-digest")), (201, digest.as_str()));
    assert_eq!(registry.blob(&digest).unwrap(), "hello world");
    assert_eq!(client.get(session).send().await.unwrap().status(), 404);
    assert_eq!(registry.bytes_received(), 5 + 3 + 3 + 4 + 2);
}

#[tokio::test]
async fn a_session_needs_its_query_and_ends_once() {
    let registry = Registry::start();
    let client = client();
    let session = open_session(&client, &registry, "a").await;
    let mut bare = session.clone();
    bare.set_query(None);
    let lost = client.put(committing(bare, &sha256(b"x"))).body("x").send().await.unwrap();
    assert_eq!(lost.status(), 404);
    assert_eq!(code(lost).await, "BLOB_UPLOAD_UNKNOWN");
    let wrong = client.put(committing(session.clone(), &sha256(b"y"))).body("x").send().await.unwrap();
    assert_eq!(wrong.status(), 400);
    assert_eq!(code(wrong).await, "DIGEST_INVALID");
    assert_eq!((registry.open_uploads(), registry.blobs("a").len()), (0, 0));
    let session = open_session(&client, &registry, "a").await;
    assert_eq!(registry.open_uploads(), 1);
    assert_eq!(client.delete(session.clone()).send().await.unwrap().status(), 204);
    assert_eq!(client.delete(session).send().await.unwrap().status(), 404);
}

#[tokio::test]
async fn locations_in_every_style() {
    for style in [
        UploadLocation::AbsoluteWithQuery,
        UploadLocation::Absolute,
        UploadLocation::Relative,
        UploadLocation::RelativeWithQuery,
        UploadLocation::OtherHost,
    ] {
        let registry = Registry::builder().upload_location(style).start();
        let client = client();
        let session = open_session(&client, &registry, "a").await;
        let other = style == UploadLocation::OtherHost;
        assert_eq!(session.port() != Some(registry.address().port()), other, "{style:?}");
        let digest = sha256(b"x");
        let put = client.put(committing(session, &digest)).body("x").send().await.unwrap();
        assert_eq!(put.status(), 201, "{style:?}");
        assert!(registry.has_blob("a", &digest));
        assert_eq!(registry.storage_log().map(|log| log.count("PUT", "X-Signature=")), other.then_some(1));
    }
}

#[tokio::test]
async fn mounts_and_single_posts() {
    let registry = Registry::start();
    let client = client();
    let digest = registry.put_blob("base", "layer");
    let post =
        |query: String, body: &'static str| client.post(format!("{}/v2/app/blobs/uploads/?{query}", registry.url())).body(body).send();
    assert_eq!(post(format!("mount={digest}&from=nothing"), "").await.unwrap().status(), 202);
    assert!(!registry.has_blob("app", &digest));
    assert_eq!(post(format!("mount={digest}&from=base"), "").await.unwrap().status(), 201);
    assert!(registry.has_blob("app", &digest));
    registry.forget_blob("app", &digest);
    assert_eq!(post(format!("mount={digest}"), "").await.unwrap().status(), 201);
    assert_eq!(post(format!("digest={}", sha256(b"whole")), "whole").await.unwrap().status(), 201);
    assert_eq!(post(format!("digest={}", sha256(b"other")), "whole").await.unwrap().status(), 400);
    assert_eq!(post("mount=nonsense".to_owned(), "").await.unwrap().status(), 400);
}

#[tokio::test]
async fn limits_of_chunks_and_requests() {
    let registry = Registry::builder().chunk_minimum(4).request_limit(6).manifest_limit(10).start();
    let client = client();
    let opened = client.post(format!("{}/v2/a/blobs/uploads/", registry.url())).send().await.unwrap();
    assert_eq!(header(&opened, "oci-chunk-min-length"), "4");
    let session = open_session(&client, &registry, "a").await;
    let statuses = [("1234567", 413), ("1234", 202), ("56", 202), ("7", 400)];
    for (body, wanted) in statuses {
        let response = client.patch(session.clone()).body(body).send().await.unwrap();
        assert_eq!(response.status(), wanted, "{body}");
    }
    let put = client.put(committing(session, &sha256(b"123456"))).send().await.unwrap();
    assert_eq!(put.status(), 201);
    let manifest = client.put(format!("{}/v2/a/manifests/t", registry.url())).header("content-type", MANIFEST);
    assert_eq!(manifest.body("{\"a\": \"long\"}").send().await.unwrap().status(), 413);
}

#[tokio::test]
async fn manifests_are_checked() {
    let registry = Registry::start();
    let client = client();
    let put = |reference: &str, media_type: &'static str, body: String| {
        let url = format!("{}/v2/a/manifests/{reference}", registry.url());
        client.put(url).header("content-type", media_type).body(body).send()
    };
    let document = |layer: &str| json!({ "mediaType": MANIFEST, "layers": [{ "digest": layer }] }).to_string();
    let missing = put("t", MANIFEST, document(&sha256(b"layer"))).await.unwrap();
    assert_eq!(missing.status(), 400);
    assert_eq!(code(missing).await, "MANIFEST_BLOB_UNKNOWN");
    let layer = registry.put_blob("a", "layer");
    let index = json!({ "manifests": [{ "digest": sha256(document(&layer).as_bytes()) }] }).to_string();
    assert_eq!(put("i", "application/vnd.oci.image.index.v1+json", index.clone()).await.unwrap().status(), 400);
    let contradiction = put("t", "application/json", document(&layer)).await.unwrap();
    assert_eq!(code(contradiction).await, "MANIFEST_INVALID");
    assert_eq!(put("t", MANIFEST, "[".to_owned()).await.unwrap().status(), 400);
    assert_eq!(put(&sha256(b"other"), MANIFEST, document(&layer)).await.unwrap().status(), 400);
    let parameters = "application/vnd.oci.image.manifest.v1+json; charset=utf-8";
    let created = put("t", parameters, document(&layer)).await.unwrap();
    assert_eq!(created.status(), 201);
    let digest = header(&created, "docker-content-digest").to_owned();
    assert_eq!(digest, sha256(document(&layer).as_bytes()));
    assert_eq!(put("i", "application/vnd.oci.image.index.v1+json", index).await.unwrap().status(), 201);
    for reference in ["t", &digest] {
        let url = format!("{}/v2/a/manifests/{reference}", registry.url());
        let head = client.head(&url).send().await.unwrap();
        assert_eq!(header(&head, "content-length"), document(&layer).len().to_string());
        assert_eq!(header(&head, "content-type"), MANIFEST);
        assert_eq!(client.get(&url).send().await.unwrap().text().await.unwrap(), document(&layer));
    }
}

#[tokio::test]
async fn immutable_tags_in_every_style() {
    for (style, moved, again) in [(ImmutableTags::DockerHub, 403, 201), (ImmutableTags::Harbor, 412, 201), (ImmutableTags::Ecr, 400, 400)] {
        let registry = Registry::builder().immutable_tags(style).start();
        let url = format!("{}/v2/a/manifests/t", registry.url());
        let put = |body: &'static str| client().put(&url).header("content-type", MANIFEST).body(body).send();
        assert_eq!(put("{}").await.unwrap().status(), 201);
        assert_eq!(put("{ }").await.unwrap().status(), moved, "{style:?}");
        assert_eq!(put("{}").await.unwrap().status(), again, "{style:?}");
        assert_eq!(registry.manifest("a", "t").unwrap().bytes, "{}");
    }
}

#[tokio::test]
async fn lists_have_pages() {
    let registry = Registry::builder().tags_page(2).referrers_page(1).start();
    let subject = seed_image(&registry, "a", "C");
    for tag in ["a", "B", "d"] {
        registry.tag("a", tag, &subject);
    }
    let mut url = format!("{}/v2/a/tags/list", registry.url());
    let mut seen = Vec::new();
    loop {
        let response = client().get(&url).send().await.unwrap();
        let link = response.headers().get("link").map(|link| link.to_str().unwrap().to_owned());
        let page: serde_json::Value = response.json().await.unwrap();
        seen.push(page["tags"].as_array().unwrap().iter().map(|tag| tag.as_str().unwrap().to_owned()).collect::<Vec<_>>());
        match link {
            Some(link) => {
                assert!(link.ends_with("; rel=\"next\""));
                url = format!("{}{}", registry.url(), link.trim_start_matches('<').split('>').next().unwrap());
            }
            None => break,
        }
    }
    assert_eq!(seen, [["a", "B"], ["C", "d"]]);
    for kind in ["x/one", "x/two"] {
        let referrer = json!({ "artifactType": kind, "subject": { "digest": subject }, "annotations": { "k": kind } });
        registry.put_manifest("a", MANIFEST, referrer.to_string());
    }
    let referrers = |query: &str| client().get(format!("{}/v2/a/referrers/{subject}{query}", registry.url())).send();
    let first = referrers("").await.unwrap();
    assert!(header(&first, "link").contains("last="));
    let filtered = referrers("?artifactType=x/two").await.unwrap();
    assert_eq!(header(&filtered, "oci-filters-applied"), "artifactType");
    let index: serde_json::Value = filtered.json().await.unwrap();
    assert_eq!(index["manifests"][0]["annotations"]["k"], "x/two");
    assert_eq!(index["manifests"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn referrers_can_be_unknown() {
    for (builder, header, status) in [(Registry::builder(), true, 200), (Registry::builder().without(Feature::Referrers), false, 404)] {
        let registry = builder.start();
        let subject = seed_image(&registry, "a", "t");
        let put = client().put(format!("{}/v2/a/manifests/r", registry.url())).header("content-type", MANIFEST);
        let body = json!({ "subject": { "digest": subject } }).to_string();
        let created = put.body(body).send().await.unwrap();
        assert_eq!(created.headers().contains_key("oci-subject"), header);
        let list = client().get(format!("{}/v2/a/referrers/{subject}", registry.url())).send().await.unwrap();
        assert_eq!(list.status(), status);
    }
}

#[tokio::test]
async fn missing_features_are_missing() {
    let registry = [
        Feature::Mounts,
        Feature::SinglePost,
        Feature::Ranges,
        Feature::Deletes,
        Feature::DigestHeader,
        Feature::ChildCheck,
        Feature::NewRepositories,
    ]
    .into_iter()
    .fold(Registry::builder(), Builder::without)
    .start();
    let digest = registry.put_blob("a", "layer");
    let url = |path: &str| format!("{}/v2/{path}", registry.url());
    let client = client();
    let posts = [
        (format!("a/blobs/uploads/?mount={digest}&from=a"), 202),
        (format!("a/blobs/uploads/?digest={digest}"), 202),
        ("new/blobs/uploads/".to_owned(), 404),
    ];
    for (path, wanted) in posts {
        assert_eq!(client.post(url(&path)).send().await.unwrap().status(), wanted, "{path}");
    }
    let blob = url(&format!("a/blobs/{digest}"));
    let whole = client.get(&blob).header("range", "bytes=1-2").send().await.unwrap();
    assert_eq!((whole.status().as_u16(), whole.headers().contains_key("docker-content-digest")), (200, false));
    assert_eq!(client.delete(&blob).send().await.unwrap().status(), 405);
    let index = json!({ "manifests": [{ "digest": digest }] }).to_string();
    let put = client.put(url("a/manifests/t")).header("content-type", "application/vnd.oci.image.index.v1+json");
    assert_eq!(put.body(index).send().await.unwrap().status(), 201);
}
