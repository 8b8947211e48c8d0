"""PyTorch and the devices it runs on: seeding, signals, hardware, CPU cores, compiler, torchvision."""
