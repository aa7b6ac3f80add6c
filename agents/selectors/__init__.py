"""Reads of agents, teams, executions and conversations."""
