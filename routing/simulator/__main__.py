"""`python -m routing.simulator --port 18400`: the simulator without Django."""

from routing.simulator.cli import main

if __name__ == "__main__":
    main()
