package dev.tandem.cli.config;

import java.util.Optional;

/** A training run. */
public record Config(
    @Setting(
            value = "what the run is called, and its folder with it; default: the file's name",
            example = "digits")
        Optional<String> name,
    @Setting(
            value =
                "from which all random numbers come: initial values, order, dropout, augmentation, split",
            otherwise = "1",
            min = 0,
            mistaken = "random_seed")
        long seed,
    @Setting(
            value = "auto, cpu, cuda or cuda:1; default: TANDEM_BACKEND, or auto",
            example = "auto",
            mistaken = "device")
        Optional<String> backend,
    @Setting(
            value =
                "f32; tf32: products on CUDA round operands; bf16, f16: numbers of 2 bytes, masters of weights in F32",
            otherwise = "f32",
            mistaken = {"dtype", "mixed_precision", "amp"})
        Precision precision,
    @Setting(value = "how the CUDA backend uses its device; others pass it over") CudaConfig cuda,
    @Setting(value = "what to learn from") DataConfig data,
    @Setting(value = "the network") ModelConfig model,
    @Setting(
            value =
                "what is made small; default: cross_entropy for classes, squared_error for numbers",
            example = "cross_entropy")
        Optional<LossConfig> loss,
    @Setting(value = "how weights change", otherwise = "adam") OptimizerConfig optimizer,
    @Setting(
            value = "how the learning rate changes",
            otherwise = "constant",
            mistaken = {"lr_schedule", "scheduler", "lr_scheduler"})
        ScheduleConfig schedule,
    @Setting(
            value = "a limit on gradients",
            otherwise = "none",
            mistaken = {"clipping", "gradient_clipping"})
        ClipConfig clip,
    @Setting(value = "how long, and in what portions") TrainingConfig training,
    @Setting(value = "where results go") RunConfig run) {

  /** In what numbers are kept, and products computed. */
  public enum Precision {
    F32,
    TF32,
    BF16,
    F16
  }

  /** How the CUDA backend uses its device. What is not said here, the environment says. */
  public record CudaConfig(
      @Setting(
              value =
                  "cuBLAS: its file or folder, or how it is called, jcublas or ffm, or both; default: TANDEM_CUBLAS, or what is found",
              example = "ffm:/opt/cuda")
          Optional<String> cublas,
      @Setting(
              value =
                  "memory that may be held, in whole GiB, MiB (or GB, MB, in steps of 1000); default: TANDEM_CUDA_MEMORY, or all",
              example = "8GiB")
          Optional<String> memory,
      @Setting(
              value =
                  "whether F32 products may round their operands to TF32; default: TANDEM_TF32, or false",
              example = "true")
          Optional<Boolean> tf32,
      @Setting(
              value =
                  "whether steps are captured and replayed as graphs; default: TANDEM_CAPTURE, or true",
              example = "true")
          Optional<Boolean> capture) {}

  /** Where results go. */
  public record RunConfig(
      @Setting(
              value = "where run folders are made, relative to where the command is started",
              otherwise = "runs")
          String folder,
      @Setting(
              value =
                  "how many checkpoints are kept; more than 1: also as checkpoint-STEP.safetensors",
              otherwise = "1",
              min = 1,
              mistaken = {"keep_last", "save_total_limit"})
          int keep,
      @Setting(
              value =
                  "steps between checkpoints, beside those after each epoch; default: none within an epoch",
              example = "1000",
              min = 1,
              mistaken = "save_every")
          Optional<Integer> checkpointEvery,
      @Setting(
              value =
                  "whether an event file for TensorBoard is written into the run folder: tensorboard --logdir runs",
              otherwise = "false",
              mistaken = "tensor_board")
          boolean tensorboard) {}
}
