"""What is known about plugins: releases, wishes, observations, grants, configuration."""
