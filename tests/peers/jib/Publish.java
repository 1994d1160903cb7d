import com.google.cloud.tools.jib.api.Containerizer;
import com.google.cloud.tools.jib.api.Jib;
import com.google.cloud.tools.jib.api.LogEvent;
import com.google.cloud.tools.jib.api.RegistryImage;
import com.google.cloud.tools.jib.api.buildplan.AbsoluteUnixPath;
import com.google.cloud.tools.jib.api.buildplan.Platform;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;

/** Publish BASE FILE FOLDER TARGET CACHE: a file in a folder of the base for both platforms, as jib-core does it; prints what it warns of. */
public class Publish {
    public static void main(String[] arguments) throws Exception {
        Path cache = Path.of(arguments[4]);
        Jib.from(RegistryImage.named(arguments[0]))
            .setPlatforms(Set.of(new Platform("amd64", "linux"), new Platform("arm64", "linux")))
            .addLayer(List.of(Path.of(arguments[1])), AbsoluteUnixPath.get(arguments[2]))
            .setEntrypoint("java", "-jar", "/app/app.jar")
            .containerize(Containerizer.to(RegistryImage.named(arguments[3]))
                .setAllowInsecureRegistries(true)
                .setBaseImageLayersCache(cache.resolve("base"))
                .setApplicationLayersCache(cache.resolve("application"))
                .addEventHandler(LogEvent.class, Publish::tell));
        System.exit(0);
    }

    private static void tell(LogEvent event) {
        if (event.getLevel() == LogEvent.Level.WARN || event.getLevel() == LogEvent.Level.ERROR) {
            System.err.println(event.getLevel() + ": " + event.getMessage());
        }
    }
}
