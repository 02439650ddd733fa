"""A scripted upstream over real HTTP: demo, tests and benchmarks talk to it.

A stand-in: its answers are templates and say so, and their quality says nothing about
real models. It imports neither Django nor an HTTP library, and nothing that routes,
judges or accounts imports it.
"""

from routing.simulator.thread import Simulator

__all__ = ["Simulator"]
