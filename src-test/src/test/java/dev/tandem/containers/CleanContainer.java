package dev.tandem.containers;

import com.github.dockerjava.api.model.Bind;
import com.github.dockerjava.api.model.Capability;
import com.github.dockerjava.api.model.HostConfig;
import com.github.dockerjava.api.model.Volume;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.images.builder.Transferable;
import org.testcontainers.utility.DockerImageName;

/** A container with no network that nothing has run in yet, for one test. */
final class CleanContainer implements AutoCloseable {
  private static final int EXECUTABLE = 0755;

  private final GenericContainer<?> container;
  private final List<Consumer<HostConfig>> limits = new ArrayList<>();

  private CleanContainer(String image) {
    container =
        new GenericContainer<>(DockerImageName.parse(image))
            .withNetworkMode("none")
            .withCreateContainerCmdModifier(create -> {
              create.withEntrypoint("sleep", "600"); // ends by itself, whatever becomes of this JVM
              create.withCmd();
              limits.forEach(limit -> limit.accept(create.getHostConfig()));
            });
  }

  static CleanContainer of(String image) {
    return new CleanContainer(image);
  }

  /** What a careful operator gives a service: no root, no capability, nothing to write to but one folder in memory. */
  CleanContainer restricted(String user, String folder, long memory) {
    container.withCreateContainerCmdModifier(create -> create.withUser(user));
    limits.add(host ->
        host.withReadonlyRootfs(true)
            .withCapDrop(Capability.ALL)
            .withSecurityOpts(List.of("no-new-privileges"))
            .withMemory(memory)
            .withMemorySwap(memory)
            .withTmpFs(Map.of(folder, "rw,size=64m,mode=1777")));
    return this;
  }

  /** Mounts a volume, which outlives the container. */
  CleanContainer withVolume(String name, String folder) {
    limits.add(host -> host.withBinds(new Bind(name, new Volume(folder))));
    return this;
  }

  CleanContainer withGpus() {
    limits.add(host -> host.withDeviceRequests(List.of(Engine.allGpus())));
    return this;
  }

  /** Puts a file there before the container starts. */
  CleanContainer withFile(byte[] content, String path) {
    container.withCopyToContainer(Transferable.of(content, EXECUTABLE), path);
    return this;
  }

  CleanContainer withVariable(String name, String value) {
    container.withEnv(name, value);
    return this;
  }

  CleanContainer started() {
    container.start();
    return this;
  }

  /**
   * What a command came to.
   *
   * @param out lines of standard output
   * @param err lines of standard error, without the JDK's on its incubator module
   */
  record Said(int code, List<String> out, List<String> err) {
    @Override
    public String toString() {
      return "exit code "
          + code
          + "\n"
          + String.join("\n", out)
          + "\nstandard error:\n"
          + String.join("\n", err);
    }
  }

  /** Runs a command of the shell and waits for its end. */
  Said shell(String command) throws IOException, InterruptedException {
    var result = container.execInContainer("sh", "-c", command);
    List<String> err =
        result
            .getStderr()
            .lines()
            .filter(line -> !line.equals("WARNING: Using incubator modules: jdk.incubator.vector"))
            .toList();
    return new Said(result.getExitCode(), result.getStdout().lines().toList(), err);
  }

  @Override
  public void close() {
    container.stop();
  }
}
