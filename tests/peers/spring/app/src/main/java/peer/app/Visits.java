package peer.app;

import org.springframework.data.repository.CrudRepository;

interface Visits extends CrudRepository<Visit, Long> {}
