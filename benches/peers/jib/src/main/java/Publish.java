import com.google.cloud.tools.jib.api.Containerizer;
import com.google.cloud.tools.jib.api.Jib;
import com.google.cloud.tools.jib.api.JibContainerBuilder;
import com.google.cloud.tools.jib.api.RegistryImage;
import com.google.cloud.tools.jib.api.buildplan.AbsoluteUnixPath;
import com.google.cloud.tools.jib.api.buildplan.Platform;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** Publish BASE JAR CONFIG TARGET CACHE OS/ARCHITECTURE...: the JAR and its configuration on a base, as jib-core does it. */
public class Publish {
    public static void main(String[] arguments) throws Exception {
        Set<Platform> platforms = new LinkedHashSet<>();
        for (int at = 5; at < arguments.length; at++) {
            String[] parts = arguments[at].split("/");
            platforms.add(new Platform(parts[1], parts[0]));
        }
        Path cache = Path.of(arguments[4]);
        JibContainerBuilder image = Jib.from(RegistryImage.named(arguments[0]))
            .setPlatforms(platforms)
            .addLayer(List.of(Path.of(arguments[1])), AbsoluteUnixPath.get("/app"))
            .addLayer(List.of(Path.of(arguments[2])), AbsoluteUnixPath.get("/app/config"))
            .setWorkingDirectory(AbsoluteUnixPath.get("/app"))
            .setEntrypoint("java", "-jar", "/app/app.jar");
        image.containerize(Containerizer.to(RegistryImage.named(arguments[3]))
            .setAllowInsecureRegistries(true)
            .setBaseImageLayersCache(cache.resolve("base"))
            .setApplicationLayersCache(cache.resolve("application")));
        System.exit(0);
    }
}
