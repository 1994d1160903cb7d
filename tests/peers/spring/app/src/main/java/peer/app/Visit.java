package peer.app;

import jakarta.persistence.Entity;
import jakarta.persistence.GeneratedValue;
import jakarta.persistence.Id;
import jakarta.validation.constraints.NotBlank;

/** One row, so that Hibernate has something to map. */
@Entity
class Visit {
    @Id
    @GeneratedValue
    Long id;

    @NotBlank
    String visitor;
}
