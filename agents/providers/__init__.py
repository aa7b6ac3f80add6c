"""What answers for agents: built in agents.worlds and nowhere else."""
