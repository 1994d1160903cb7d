//! Java class files made by hand (JVMS 17, chapter 4): a class of a chosen version that says one line when it is
//! started, so that version guards and launchers can be tried without javac. Holds no other code.

/// `major_version` of classes for Java 17; each release adds one.
pub const JAVA_17: u16 = 61;

const PUBLIC_SUPER: u16 = 0x0021;
const PUBLIC_STATIC: u16 = 0x0009;
const MODULE: u16 = 0x8000;

/// `public class <name>` with `main` that prints `line`. `name` has slashes, `major` is 44 plus the Java release.
///
/// # Panics
/// When a text has more than 65,535 bytes, which no class file can hold.
#[must_use]
pub fn main_class(name: &str, major: u16, line: &str) -> Vec<u8> {
    let mut pool = Pool::default();
    let this = pool.class(name);
    let parent = pool.class("java/lang/Object");
    let out = pool.member(9, "java/lang/System", "out", "Ljava/io/PrintStream;");
    let println = pool.member(10, "java/io/PrintStream", "println", "(Ljava/lang/String;)V");
    let text = pool.utf8(line);
    let text = pool.index(8, &[text]);
    let main = pool.utf8("main");
    let descriptor = pool.utf8("([Ljava/lang/String;)V");
    let attribute = pool.utf8("Code");

    let code = [
        vec![0xb2],
        be(out), // getstatic System.out
        vec![0x13],
        be(text), // ldc_w line
        vec![0xb6],
        be(println), // invokevirtual println
        vec![0xb1],  // return
    ]
    .concat();
    let length = u32::from(u8::try_from(code.len()).unwrap_or(u8::MAX));
    let method = [
        be(1),
        be(PUBLIC_STATIC),
        be(main),
        be(descriptor),
        be(1),
        be(attribute),
        (12 + length).to_be_bytes().to_vec(),
        be(2),
        be(1),
        length.to_be_bytes().to_vec(),
        code,
        be(0),
        be(0),
    ]
    .concat();
    pool.file(major, &[be(PUBLIC_SUPER), be(this), be(parent), be(0), be(0), method, be(0)])
}

/// `public class <name>` without members.
#[must_use]
pub fn empty_class(name: &str, major: u16) -> Vec<u8> {
    let mut pool = Pool::default();
    let this = pool.class(name);
    let parent = pool.class("java/lang/Object");
    pool.file(major, &[be(PUBLIC_SUPER), be(this), be(parent), be(0), be(0), be(0), be(0)])
}

/// `module-info.class` of the module `name` that requires `java.base` (JVMS 17, 4.7.25).
#[must_use]
pub fn module_info(name: &str, major: u16) -> Vec<u8> {
    const MANDATED: u16 = 0x8000;
    let mut pool = Pool::default();
    let this = pool.class("module-info");
    let attribute = pool.utf8("Module");
    let module = pool.utf8(name);
    let module = pool.index(19, &[module]);
    let base = pool.utf8("java.base");
    let base = pool.index(19, &[base]);
    let body = [be(module), be(0), be(0), be(1), be(base), be(MANDATED), be(0), be(0), be(0), be(0), be(0)].concat();
    let length = u32::from(u8::try_from(body.len()).unwrap_or(u8::MAX)).to_be_bytes();
    pool.file(major, &[be(MODULE), be(this), be(0), be(0), be(0), be(0), be(1), be(attribute), length.to_vec(), body])
}

fn be(value: u16) -> Vec<u8> {
    value.to_be_bytes().to_vec()
}

/// The constant pool while it grows; indices begin at 1.
#[derive(Default)]
struct Pool {
    bytes: Vec<u8>,
    length: u16,
}

impl Pool {
    fn push(&mut self, tag: u8, content: &[u8]) -> u16 {
        self.bytes.push(tag);
        self.bytes.extend(content);
        self.length += 1;
        self.length
    }

    fn utf8(&mut self, text: &str) -> u16 {
        let length = u16::try_from(text.len());
        assert!(length.is_ok(), "a constant of {} bytes", text.len());
        let content = [&length.unwrap_or_default().to_be_bytes(), text.as_bytes()].concat();
        self.push(1, &content)
    }

    /// A constant that consists of indices of others.
    fn index(&mut self, tag: u8, indices: &[u16]) -> u16 {
        let content: Vec<u8> = indices.iter().flat_map(|index| index.to_be_bytes()).collect();
        self.push(tag, &content)
    }

    fn class(&mut self, name: &str) -> u16 {
        let name = self.utf8(name);
        self.index(7, &[name])
    }

    /// A field (tag 9) or method (tag 10) of a class.
    fn member(&mut self, tag: u8, class: &str, name: &str, descriptor: &str) -> u16 {
        let class = self.class(class);
        let name = self.utf8(name);
        let descriptor = self.utf8(descriptor);
        let signature = self.index(12, &[name, descriptor]);
        self.index(tag, &[class, signature])
    }

    fn file(&self, major: u16, rest: &[Vec<u8>]) -> Vec<u8> {
        let head = [0xcafe_babe_u32.to_be_bytes().to_vec(), be(0), be(major), be(self.length + 1), self.bytes.clone()];
        [head.concat(), rest.concat()].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::{JAVA_17, empty_class, main_class, module_info};
    use crate::peer;

    #[test]
    fn java_runs_the_class() {
        let Some(mut java) = peer::find("java") else {
            return;
        };
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("demo")).unwrap();
        std::fs::write(folder.path().join("demo/Hello.class"), main_class("demo/Hello", JAVA_17, "h\u{e9}llo")).unwrap();
        let said = peer::output(java.args(["-Dfile.encoding=UTF-8", "-cp"]).arg(folder.path()).arg("demo.Hello"));
        assert_eq!(said, "h\u{e9}llo\n");
    }

    #[test]
    fn java_refuses_a_class_of_a_later_version() {
        let Some(mut java) = peer::find("java") else {
            return;
        };
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("Later.class"), main_class("Later", 200, "never")).unwrap();
        let output = java.arg("-cp").arg(folder.path()).arg("Later").output().unwrap();
        assert!(peer::text(&output).contains("class file version 200.0"), "{}", peer::text(&output));
    }

    #[test]
    fn javap_reads_version_and_module() {
        let folder = tempfile::tempdir().unwrap();
        let cases = [
            ("Empty.class", empty_class("Empty", 52), "major version: 52"),
            ("module-info.class", module_info("com.example.demo", 53), "module com.example.demo"),
        ];
        for (file, bytes, expected) in cases {
            let Some(mut javap) = peer::find("javap") else {
                return;
            };
            let path = folder.path().join(file);
            std::fs::write(&path, bytes).unwrap();
            let listing = peer::output(javap.arg("-v").arg(&path));
            assert!(listing.contains(expected), "{file} lacks `{expected}`:\n{listing}");
        }
    }
}
