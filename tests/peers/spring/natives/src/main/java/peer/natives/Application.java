package peer.natives;

import io.netty.handler.ssl.OpenSsl;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.CommandLineRunner;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.core.io.support.PathMatchingResourcePatternResolver;
import org.xerial.snappy.Snappy;

/** Loads the native code of each library, says what it answered, and ends. */
@SpringBootApplication
public class Application implements CommandLineRunner {
    @Value("${greeting.text}")
    private String greeting;

    public static void main(String[] arguments) {
        SpringApplication.run(Application.class, arguments);
    }

    @Override
    public void run(String... arguments) throws SQLException, IOException {
        System.out.println("greeting: " + greeting);
        try (Connection connection = DriverManager.getConnection("jdbc:sqlite::memory:");
             ResultSet answer = connection.createStatement().executeQuery("select 6 * 7")) {
            System.out.println("sqlite: " + answer.getInt(1));
        }
        byte[] packed = Snappy.compress("snappy".repeat(100).getBytes(StandardCharsets.UTF_8));
        System.out.println("snappy: " + Snappy.uncompressString(packed).length());
        System.out.println("openssl: " + OpenSsl.isAvailable());
        // A search through every JAR of the class path.
        int found = new PathMatchingResourcePatternResolver().getResources("classpath*:**/sqlite-jdbc.properties").length;
        System.out.println("searched: " + found);
    }
}
