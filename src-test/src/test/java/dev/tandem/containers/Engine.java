package dev.tandem.containers;

import com.github.dockerjava.api.exception.DockerClientException;
import com.github.dockerjava.api.exception.DockerException;
import com.github.dockerjava.api.model.DeviceRequest;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.testcontainers.DockerClientFactory;
import org.testcontainers.containers.ContainerFetchException;
import org.testcontainers.containers.ContainerLaunchException;
import org.testcontainers.images.RemoteDockerImage;
import org.testcontainers.images.builder.ImageFromDockerfile;
import org.testcontainers.utility.DockerImageName;

/** The machine's Docker engine, and the images that tests start there. */
final class Engine {
  /** The image that everything is tried in: plain Debian, or what a variable names. */
  static final String BASE = variable("TANDEM_CONTAINER_IMAGE", "debian:bookworm-slim");

  /** The image for GPUs: one with cuBLAS, unless the bundle brings that itself. */
  private static final String CUDA_BASE =
      variable("TANDEM_CONTAINER_CUDA_IMAGE", "nvidia/cuda:12.6.3-runtime-ubuntu24.04");

  /** Where the bundle lies in an image; {@code tandem} is on the PATH. */
  static final String HOME = "/opt/tandem";

  private static final Optional<String> ABSENT = look();
  private static final LazyImage PLAIN = new LazyImage(() -> build(BASE));
  private static final LazyImage CUDA = new LazyImage(() -> build(cudaBase()));
  private static Optional<Optional<String>> withoutGpu = Optional.empty();

  private Engine() {}

  private static String variable(String name, String otherwise) {
    return Optional.ofNullable(System.getenv(name))
        .filter(value -> !value.isBlank())
        .orElse(otherwise);
  }

  /** Why no container can be started here; empty where one can. */
  static Optional<String> absent() {
    return ABSENT;
  }

  /** The engine, for humans. */
  static String description() {
    return "Docker " + DockerClientFactory.instance().getInfo().getServerVersion();
  }

  /** Plain Debian and the bundle. */
  static String plain() {
    return PLAIN.name();
  }

  /** cuBLAS and the bundle. */
  static String cuda() {
    return CUDA.name();
  }

  private static String cudaBase() {
    boolean withCublas = Files.isDirectory(Bundle.find().orElseThrow().folder().resolve("cublas"));
    return withCublas ? BASE : CUDA_BASE;
  }

  private static Optional<String> look() {
    if (Bundle.absent().isPresent()) {
      return Bundle.absent();
    }
    if (!DockerClientFactory.instance().isDockerAvailable()) {
      return Optional.of(
          "no Docker engine answers at "
              + variable("DOCKER_HOST", "/var/run/docker.sock")
              + "; start one, or name it in DOCKER_HOST");
    }
    try {
      new RemoteDockerImage(DockerImageName.parse(BASE)).get(); // pulls it where it is not there
      return Optional.empty();
    } catch (DockerException | DockerClientException | ContainerFetchException e) {
      return Optional.of(
          "the engine has no image "
              + BASE
              + " and cannot pull it, "
              + sentence(e)
              + "; name another in TANDEM_CONTAINER_IMAGE");
    }
  }

  /** Why no container gets a GPU here, in the engine's own words; empty where one does. */
  static synchronized Optional<String> withoutGpu() {
    if (withoutGpu.isEmpty()) {
      withoutGpu = Optional.of(tryGpu());
    }
    return withoutGpu.get();
  }

  private static Optional<String> tryGpu() {
    try (CleanContainer _ = CleanContainer.of(plain()).withGpus().started()) {
      return Optional.empty();
    } catch (ContainerLaunchException e) {
      return Optional.of("the engine offers no NVIDIA devices: " + sentence(e));
    }
  }

  /** What {@code docker run --gpus all} asks for. */
  static DeviceRequest allGpus() {
    return new DeviceRequest().withCount(-1).withCapabilities(List.of(List.of("gpu")));
  }

  private static String build(String base) {
    Bundle bundle = Bundle.find().orElseThrow();
    Path archive = bundle.archive();
    String file = archive.getFileName().toString();
    return new ImageFromDockerfile()
        .withFileFromPath(file, archive)
        .withDockerfileFromBuilder(builder ->
            builder
                .from(base)
                .add(file, HOME) // unpacks it
                .env("PATH", HOME + "/" + bundle.name() + "/bin:/usr/sbin:/usr/bin:/sbin:/bin")
                .env("TANDEM_HOME", HOME + "/" + bundle.name())
                .build())
        .get();
  }

  /** The last cause's message in one line. */
  private static String sentence(Throwable failure) {
    Throwable cause = failure;
    while (cause.getCause() != null) {
      cause = cause.getCause();
    }
    return String.valueOf(cause.getMessage()).strip().replaceAll("\\s+", " ");
  }

  /** An image that is built when it is first asked for, and gone with this JVM. */
  private static final class LazyImage {
    private final Supplier<String> builder;
    private String name;

    LazyImage(Supplier<String> builder) {
      this.builder = builder;
    }

    synchronized String name() {
      if (name == null) {
        name = builder.get();
      }
      return name;
    }
  }
}
