package peer.app;

import org.springframework.beans.factory.annotation.Value;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

/** Answers `/` with the property `greeting.text`: whoever asks sees which configuration won. */
@RestController
class GreetingController {
    private final String greeting;

    GreetingController(@Value("${greeting.text}") String greeting) {
        this.greeting = greeting;
    }

    @GetMapping("/")
    String greeting() {
        return greeting;
    }
}
