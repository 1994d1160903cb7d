import java.util.Collections;
import java.util.TreeMap;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/** Prints for each archive one line: every name with the checksum of its content, or why it cannot be read. */
class View {
    public static void main(String[] paths) {
        for (String path : paths) {
            StringBuilder line = new StringBuilder();
            try (ZipFile zip = new ZipFile(path)) {
                for (ZipEntry entry : Collections.list(zip.entries())) {
                    CRC32 checksum = new CRC32();
                    checksum.update(zip.getInputStream(entry).readAllBytes());
                    if (entry.getCrc() != checksum.getValue()) {
                        throw new java.io.IOException("checksum of " + entry.getName());
                    }
                    line.append(String.format("|%s=%08x", escape(entry.getName()), checksum.getValue()));
                }
                System.out.println(line);
            } catch (Exception failure) {
                System.out.println("! " + String.valueOf(failure).replace('\n', ' '));
            }
        }
    }

    private static String escape(String name) {
        StringBuilder text = new StringBuilder();
        name.chars().forEach(unit -> text.append(unit > 32 && unit < 127 ? Character.toString(unit) : String.format("<%x>", unit)));
        return text.toString();
    }
}
