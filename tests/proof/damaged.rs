//! Layers that are cut short or hold other bytes: an error that names the place, never a wrong answer.

use imgbuild_testkit::registry::{What, When};

use crate::bench::{Application, Bench, cut};

#[test]
fn a_truncated_layer_of_a_layout_is_an_error_with_its_place() {
    let bench = Bench::new();
    bench.build("left", &[]);
    bench.build_of(&Application { says: "two", ..Application::default() }, "right", &[]);
    let digest = bench.layer("right", "application");
    cut(&bench.blob("right", &digest));
    // By digest it is the image that was built: nobody who pulls it gets other bytes without an error.
    assert_eq!(bench.verify("oci:right", &[]).code, Some(0));
    bench.write(&Application::default());
    for ended in [
        bench.verify("oci:right", &[]),
        bench.run(&["diff", "oci:left", "oci:right"]),
        bench.run(&["diff", "oci:right", "oci:left", "--json"]),
        bench.run(&["inspect", "oci:right"]),
    ] {
        let said = ended.refused(1);
        for part in [&digest[..19], " of ", "hint: the layer is damaged where it lies"] {
            assert!(said.contains(part), "`{part}` is missing: {said}");
        }
    }
    // Documents are whole.
    assert_eq!(bench.run(&["inspect", "oci:right", "--layers=none"]).code, Some(0));
    assert_eq!(bench.run(&["diff", "oci:left", "oci:right", "--layers=none"]).code, Some(6));
}

#[test]
fn a_registry_that_gives_other_bytes_is_not_believed() {
    let bench = Bench::new();
    bench.build("left", &[]);
    bench.build_of(&Application { says: "two", ..Application::default() }, "right", &[]);
    let digest = bench.layer("right", "application");
    bench.write(&Application::default());
    let whole = bench.registry.blob(&digest).unwrap();
    let put = |bytes: &[u8]| bench.registry.put_broken_blob("koin/api", &digest, bytes.to_vec());
    let mut turned = whole.to_vec();
    turned[90] ^= 1;
    // One that is cut is asked for six times, as an answer that breaks off is: the layout's test is quicker.
    for (what, bytes) in [("a bit was turned", &turned[..]), ("it grew", &[&whole[..], b"x"].concat())] {
        put(bytes);
        let (left, right) = (bench.name("left"), bench.name("right"));
        for ended in [bench.verify(&right, &[]), bench.run(&["diff", &left, &right]), bench.run(&["inspect", &right])] {
            let said = ended.refused(1);
            // What cannot be unpacked ends before its digest is known.
            let why = said.contains("does not hold what its descriptor says") || said.contains("cannot unpack blob");
            let named = said.contains(&digest[..19]) && why;
            assert!(named && said.contains("hint: the layer is damaged where it lies"), "{what}: {said}");
        }
    }
    put(&whole);
    // An answer that breaks off is another thing: it goes on where it stopped.
    bench.registry.inject(When::request("GET", &digest).then(What::TruncateBodyAt(400)));
    assert_eq!(bench.run(&["diff", &bench.name("left"), &bench.name("right")]).code, Some(6));
}

#[test]
fn a_manifest_that_is_cut_is_an_error() {
    let bench = Bench::new();
    let digest = bench.build("image", &[]);
    cut(&bench.blob("image", &digest));
    for ended in [bench.verify("oci:image", &[]), bench.run(&["inspect", "oci:image"]), bench.run(&["inspect", "oci:image", "--raw"])] {
        let said = ended.refused(1);
        assert!(said.contains("oci:image") && said.contains("because: "), "{said}");
    }
}
