package peer.small;

import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.CommandLineRunner;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;

/** Prints one property and ends, so that a test sees which configuration won. */
@SpringBootApplication
public class Application implements CommandLineRunner {
    @Value("${greeting.text}")
    private String greeting;

    public static void main(String[] arguments) {
        SpringApplication.run(Application.class, arguments);
    }

    @Override
    public void run(String... arguments) {
        System.out.println("greeting: " + greeting);
    }
}
