"""
A pinhole camera: where a point of the store lands in the image.

World: metres, x to the right, y away from the entrance, z up from the floor.
Image: pixels, x to the right, y down, the optical axis through the middle.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]


@dataclass(frozen=True, slots=True, eq=False)
class Lens:
    """Pose and focal length of one camera."""

    position: Floats
    """Where it hangs, (3,) in metres."""
    axes: Floats
    """(3, 3): the unit vectors right, down and ahead of the camera, in world coordinates."""
    focal: float
    """Focal length in pixels."""
    width: int
    height: int

    @classmethod
    def mounted(
        cls, position: Floats, yaw: float, pitch: float, view_angle: float, width: int, height: int
    ) -> Self:
        """Hang a camera at *position*, turned right by *yaw* and down by *pitch*; all angles in radians."""
        right = np.array([np.cos(yaw), -np.sin(yaw), 0.0])
        level = np.array([np.sin(yaw), np.cos(yaw), 0.0])
        up = np.array([0.0, 0.0, 1.0])
        ahead = np.cos(pitch) * level - np.sin(pitch) * up
        down = -np.sin(pitch) * level - np.cos(pitch) * up
        focal = width / 2 / np.tan(view_angle / 2)
        return cls(position, np.stack([right, down, ahead]), float(focal), width, height)

    def enlarged(self, factor: int) -> Self:
        """Return the same view with *factor* times as many pixels along each side."""
        return type(self)(
            self.position, self.axes, self.focal * factor, self.width * factor, self.height * factor
        )

    def project(self, points: Floats) -> tuple[Floats, Floats]:
        """Return pixels (N, 2) and depths (N,) in metres of *points* (N, 3); behind it where < 0."""
        across, down, depth = self.axes @ (points - self.position).T
        scale = self.focal / np.maximum(depth, 1e-3)
        return np.stack([across * scale + self.width / 2, down * scale + self.height / 2], axis=1), depth

    def reach(self, points: Floats) -> Floats:
        """Return how far *points* (N, 3) are in front of the camera along the floor, in metres, (N,)."""
        return np.asarray((points[:, :2] - self.position[:2]) @ self._level())

    def homography(self, origin: Floats, along: Floats, down: Floats) -> Floats:
        """Return the (3, 3) map from (u, v) of the plane origin + u along + v down to pixels."""
        plane = self.axes @ np.stack([along, down, origin - self.position], axis=1)
        intrinsic = np.array([[self.focal, 0, self.width / 2], [0, self.focal, self.height / 2], [0, 0, 1]])
        return intrinsic @ plane

    def nearness(self, origin: Floats, normal: Floats) -> NDArray[np.float32]:
        """
        Return one over the depth of a plane at each pixel, (height, width).

        Along a plane the inverse depth is linear in the pixel: n.ray / n.origin.
        Not positive where the plane is behind the camera.
        """
        a, b, c = (self.axes @ normal) / float(normal @ (origin - self.position))
        across, down = self._rays()
        return np.asarray(c + a * across[None, :] + b * down[:, None], np.float32)

    def level_reach(self, nearness: NDArray[np.float32]) -> NDArray[np.float32]:
        """Turn inverse depths per pixel into distances along the floor; infinite where there is nothing."""
        _, down = self._rays()
        sideways, upright = self.axes[1, :2] @ self._level(), self.axes[2, :2] @ self._level()
        along_floor = (upright + sideways * down).astype(np.float32)
        with np.errstate(divide="ignore"):
            return np.where(nearness > 0, along_floor[:, None] / nearness, np.inf).astype(np.float32)

    def _level(self) -> Floats:
        return np.asarray(self.axes[2, :2] / np.linalg.norm(self.axes[2, :2]))

    def _rays(self) -> tuple[Floats, Floats]:
        across = (np.arange(self.width) + 0.5 - self.width / 2) / self.focal
        down = (np.arange(self.height) + 0.5 - self.height / 2) / self.focal
        return across, down
